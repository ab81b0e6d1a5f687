// At the foot of each page: the file that it is made from, and how to mend it. mdBook's link to edit a
// page leads to that file's text (`edit-url-template` in book.toml); here it gets words.
const edit = document.querySelector('a[rel="edit"]')
if (edit) {
  const path = edit.getAttribute('href').replace(/^files\/(.*)\.txt$/, '$1')
  const link = (href, text) => {
    const anchor = document.createElement('a')
    anchor.href = href
    const code = document.createElement('code')
    code.textContent = text
    anchor.append(code)
    return anchor
  }
  const foot = document.createElement('footer')
  foot.className = 'source'
  foot.append(
    'This page is made from ',
    link(edit.href, path),
    '. To correct a mistake, edit that file in your clone: ',
    link('files/CONTRIBUTING.md.txt', 'CONTRIBUTING.md'),
    ' says how, under “To correct a page”.',
  )
  document.querySelector('main').append(foot)
  const title = `The text of this page: ${path}`
  edit.title = title
  edit.setAttribute('aria-label', title)
}
