// Listings are cut out of the middle of files. This takes away the indentation that all their lines have.
for (const code of document.querySelectorAll('pre > code')) {
  const lines = code.textContent.split('\n').filter((line) => line.trim() !== '')
  const shared = Math.min(...lines.map((line) => line.length - line.trimStart().length))
  if (!Number.isFinite(shared) || shared === 0) continue
  const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT)
  let left = shared // to be taken from the line
  while (texts.nextNode()) {
    let kept = ''
    for (const character of texts.currentNode.data) {
      if (left > 0 && character === ' ') {
        left -= 1
      } else {
        kept += character
        left = character === '\n' ? shared : 0
      }
    }
    texts.currentNode.data = kept
  }
}
