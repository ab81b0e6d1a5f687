// Opens the pages of the built book that have live figures and quizzes, as files, in headless
// Chromium: at two widths, light and dark. Operates each figure by keyboard and compares answers.
//
//   node figures.mjs BOOK --chromium /usr/bin/chromium [--page NAME] [--screenshots DIRECTORY]
//
// BOOK   the folder that mdBook has written, with index.html
// NAME   one page, such as bytes.html, in place of all
//
// Prints a line for every check. Exits with 0 if all passed, 1 if any failed, 2 if it was called
// wrongly.

import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from '../browser/node_modules/playwright-core/index.mjs'

const STEP_MS = 20_000
const VIEWS = [
  { name: 'phone', width: 390, height: 844 },
  { name: 'desktop', width: 1280, height: 900 },
]
const THEMES = ['light', 'navy']

function readArguments() {
  try {
    const text = { type: 'string' }
    const options = { chromium: text, page: text, screenshots: text }
    const { values, positionals } = parseArgs({ allowPositionals: true, options })
    if (positionals.length !== 1) throw new Error('exactly one folder is needed')
    if (!values.chromium) throw new Error('--chromium is needed')
    return { ...values, book: resolve(positionals[0]) }
  } catch (error) {
    console.error(`${error.message}\nusage: node figures.mjs BOOK --chromium PATH [--page NAME]`)
    process.exit(2)
  }
}

let passed = 0
let failed = 0

async function check(name, run) {
  try {
    const detail = await run()
    passed += 1
    console.log(`ok    ${name}${detail ? `: ${detail}` : ''}`)
  } catch (error) {
    failed += 1
    console.log(`FAIL  ${name}: ${error.message.split('\n').slice(0, 3).join(' ')}`)
  }
}

function assert(condition, message) {
  if (!condition) throw new Error(message)
}

const equal = (found, wanted) =>
  assert(found === wanted, `${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`)

// --- The keyboard -----------------------------------------------------------------------

/** Presses a button with the keyboard. */
async function press(figure, name) {
  const button = figure.getByRole('button', { name, exact: true })
  await button.focus()
  await figure.page().keyboard.press('Enter')
}

/** Types into a field, in place of what is there. */
async function type(figure, label, text) {
  const input = figure.getByLabel(label, { exact: true })
  await input.focus()
  await figure.page().keyboard.press('ControlOrMeta+A')
  await input.pressSequentially(text)
}

/** Waits until what is read aloud says this. */
async function says(figure, text) {
  const status = figure.locator('.live-say')
  await status
    .filter({ hasText: text })
    .waitFor({ timeout: STEP_MS })
    .catch(async () => {
      throw new Error(`it says “${await status.innerText()}”, not “${text}”`)
    })
}

const data = (figure, name) => figure.locator('.live-root').getAttribute(`data-${name}`)

async function until(figure, name, value) {
  await figure
    .locator(`.live-root[data-${name}="${value}"]`)
    .waitFor({ timeout: STEP_MS })
    .catch(async () => {
      throw new Error(`${name} is ${await data(figure, name)}, not ${value}`)
    })
}

/** A link to the steps of a figure opens a page with the same steps. */
async function checkLink(figure) {
  await figure.locator('summary').press('Enter')
  const steps = await figure.locator('.live-history li').allInnerTexts()
  const href = await figure.getByText('A link to these steps').evaluate((link) => link.href)
  const page = await figure.page().context().newPage()
  await page.goto(href)
  const linked = page.locator('[data-figure=stepper]')
  await says(linked, 'It answers 200.')
  equal((await linked.locator('.live-history li').allTextContents()).join(), steps.join())
  await page.close()
}

// --- What each figure is asked -------------------------------------------------------------

const FIGURES = {
  async cutter(figure) {
    await until(figure, 'answered', '200, 200')
    const cut = figure.getByRole('slider', { name: 'cut 1', exact: true })
    equal(await cut.getAttribute('aria-valuenow'), '33')
    await cut.focus()
    for (let count = 0; count < 12; count += 1) await figure.page().keyboard.press('ArrowRight')
    equal(await cut.getAttribute('aria-valuenow'), '45')
    await until(figure, 'answered', '200, 200')
    await figure
      .locator('tbody tr', { hasText: /^45450200$/ })
      .first()
      .waitFor()
    await press(figure, 'Try all ways to cut twice')
    await until(figure, 'tried', 'the same answer each time')
    await type(figure, 'What the client sends', 'GET / HTTP/1.1')
    await figure.page().keyboard.press('Enter')
    await figure.page().keyboard.press('Enter')
    await until(figure, 'answered', '400')
  },

  async chunks(figure) {
    await until(figure, 'state', 'Done')
    const row = figure.getByRole('slider', { name: 'byte' })
    await row.focus()
    await figure.page().keyboard.press('Home')
    equal(
      await row.getAttribute('aria-valuetext'),
      'byte 1, 5: framing; the state after it is Size',
    )
    await type(figure, 'A chunked body', 'x')
    await until(figure, 'state', 'refused')
  },

  async stepper(figure) {
    await type(figure, 'Bytes that arrive', 'mple.org')
    await figure.page().keyboard.press('Enter')
    await figure.page().keyboard.press('Enter')
    await press(figure, 'They arrive')
    await says(figure, 'It waits: 1 piece of work, shutdown.')
    await press(figure, 'The oldest work is done')
    await says(figure, 'It answers 200.')
    await type(figure, 'Clock, seconds', '60')
    await press(figure, 'Let time pass')
    await says(figure, 'for nothing: it is over')
    await press(figure, 'Take back')
    await says(figure, 'It answers 200.')
    await checkLink(figure)
    await press(figure, 'Start again')
    await says(figure, 'the moment 10 s')
  },

  async 'keep-alive'(figure) {
    await until(figure, 'kept', 'true')
    await figure.getByLabel('Connection field').focus()
    await figure.page().keyboard.press('ArrowDown')
    await until(figure, 'kept', 'false')
    await figure.getByLabel('Body').selectOption('part')
    await until(figure, 'kept', 'open')
  },

  async ending(figure) {
    await press(figure, 'A last request, “Connection: close”')
    await says(figure, 'The connection is closed.')
    await press(figure, 'Start again')
    await press(figure, 'An upload that is refused')
    await says(figure, 'It lingers until the client closes, or until 2 s')
    await press(figure, 'The client closes its side')
    await says(figure, 'The connection is closed.')
  },

  async pool(figure) {
    await press(figure, 'Another client connects')
    await type(figure, 'Client', '2')
    await press(figure, 'It sends a request')
    await says(figure, '1 client with a request: no thread reads it')
    await type(figure, 'Client', '0')
    await press(figure, 'It leaves')
    await says(figure, 'Every request that came has been answered.')
  },

  async asking(figure) {
    await says(figure, 'poll looks at 10,000 sockets, epoll at 20.')
    await type(figure, 'Connections', '2000')
    await says(figure, 'poll looks at 20,000 sockets, epoll at 20.')
  },

  async edge(figure) {
    for (const name of [
      'Bytes arrive',
      'Wait for events',
      'Read 100 bytes, once',
      'Wait for events',
    ])
      await press(figure, name)
    await says(figure, 'the edge-triggered loop has bytes left that it will not hear of')
    equal(
      await figure.locator('[data-trigger=level] [data-stuck]').getAttribute('data-stuck'),
      'false',
    )
  },

  async ring(figure) {
    for (const name of ['Submit a receive that goes on', 'io_uring_enter'])
      await press(figure, name)
    await type(figure, 'Bytes', '400')
    await press(figure, 'Bytes arrive')
    await says(figure, 'Bytes are in the socket, and no receive is under way.')
    equal(await figure.locator('.live-buffers .live-completion').count(), 3)
  },

  async windows(figure) {
    await press(figure, 'Ask on a new stream')
    await says(figure, 'Stream 1: no window.')
    await press(figure, 'WINDOW_UPDATE')
    await says(figure, 'Written: DATA 1 (10 bytes).')
    await press(figure, 'WINDOW_UPDATE')
    await says(figure, 'Written: DATA 1 (5 bytes) END_STREAM.')
  },

  async 'head-of-line'(figure) {
    await until(
      figure,
      'times',
      JSON.stringify([
        [0, 1000, 1300, 1300],
        [0, 1000, 300, 0],
        [1000, 1000, 1000, 1000],
      ]),
    )
    await figure.getByLabel('The work takes (ms)').focus()
    await figure.page().keyboard.press('Home')
    await says(figure, 'after 400 ms')
  },

  async frames(figure) {
    await until(figure, 'answered', 'text (5 bytes)')
    await type(figure, 'Content', 'Hi')
    await until(figure, 'answered', 'text (2 bytes)')
    const row = figure.getByRole('slider', { name: 'byte' }).first()
    await row.focus()
    await figure.page().keyboard.press('End')
    equal(await row.getAttribute('aria-valuetext'), 'byte 8, 93: payload, stands for i')
    await figure.getByLabel('The client sends').selectOption('receive')
    await until(figure, 'told', 'ended by us, 1002')
  },
}

// --- Quizzes ---------------------------------------------------------------------------------

/** Answers the first question by keyboard, and sees that what is wrong has its reason. */
async function checkQuiz(page) {
  const quiz = page.locator('div.quiz').first()
  await quiz.locator('form').first().waitFor()
  const shown = await quiz.locator('form').count()
  assert(shown >= 5, `only ${shown} questions are shown`)
  equal(await quiz.locator('.quiz-reason:visible').count(), 0)
  const form = quiz.locator('form').first()
  await form.locator('input').first().focus()
  await page.keyboard.press('Space')
  await form.getByRole('button', { name: 'Check' }).focus()
  await page.keyboard.press('Enter')
  await form.locator('.quiz-verdict:not(:empty)').waitFor()
  const wrong = form.locator('li.quiz-wrong')
  assert((await wrong.count()) > 0, 'nothing is wrong')
  for (const text of await wrong.locator('.quiz-reason').allInnerTexts()) {
    assert(/^Wrong\.\s+\S.{10}/.test(text), `no reason: “${text}”`)
  }
  const before = await quiz.locator('legend').allInnerTexts()
  await quiz.getByRole('button', { name: 'Again, with other questions' }).press('Enter')
  await quiz.locator('form').first().waitFor()
  const after = await quiz.locator('legend').allInnerTexts()
  assert(before.join() !== after.join(), 'the same questions are shown in the same order')
  return `${shown} questions at once`
}

/** Answers a computed question, and sees that the page says so. */
async function checkComputed(page) {
  const quiz = page.locator('div.quiz').first()
  for (let round = 0; round < 8; round += 1) {
    const form = quiz.locator('form:has(code.language-ask)').first()
    if (await form.count()) {
      await form.locator('input').first().press('Space')
      await form.getByRole('button', { name: 'Check' }).press('Enter')
      await form.locator('.quiz-verdict', { hasText: 'computed' }).waitFor()
      return 'a question is computed in the page'
    }
    await quiz.getByRole('button', { name: 'Again, with other questions' }).press('Enter')
  }
  throw new Error('no computed question was shown in eight rounds')
}

// --- Pages ---------------------------------------------------------------------------------

async function open(browser, url, { width, height }, theme) {
  const context = await browser.newContext({ viewport: { width, height } })
  context.setDefaultTimeout(STEP_MS)
  const page = await context.newPage()
  const seen = { requests: [], errors: [] }
  page.on('request', (request) => seen.requests.push(request.url()))
  page.on('console', (message) => message.type() === 'error' && seen.errors.push(message.text()))
  page.on('pageerror', (error) => seen.errors.push(`uncaught ${error.message}`))
  await page.addInitScript((name) => localStorage.setItem('mdbook-theme', name), theme)
  await page.goto(url)
  return { page, seen, context }
}

async function checkPage(browser, book, file, view, theme, screenshots) {
  const name = `${file}, ${view.name}, ${theme}`
  const { page, seen, context } = await open(
    browser,
    pathToFileURL(join(book, file)).href,
    view,
    theme,
  )
  const places = page.locator('div.live[data-figure]')
  for (let at = 0; at < (await places.count()); at += 1) {
    const figure = places.nth(at)
    const kind = await figure.getAttribute('data-figure')
    await check(`${name}: ${kind}`, async () => {
      await figure.locator('.live-title').waitFor()
      assert(FIGURES[kind], 'nothing is known of it')
      await FIGURES[kind](figure)
    })
  }
  if (await page.locator('div.quiz').count()) {
    await check(`${name}: quiz`, () => checkQuiz(page))
    const hasComputed = readFileSync(join(book, file), 'utf8').includes('language-ask')
    if (hasComputed) await check(`${name}: computed`, () => checkComputed(page))
  }
  await check(`${name}: fits the width`, async () => {
    const content = await page.evaluate(() => document.documentElement.scrollWidth)
    assert(content <= view.width, `content is ${content} px wide in a window of ${view.width} px`)
  })
  await check(`${name}: no error, no request but files of the book`, () => {
    assert(seen.errors.length === 0, seen.errors.slice(0, 3).join('; '))
    const within = pathToFileURL(book).href
    const others = seen.requests.filter(
      (url) => !url.startsWith(within) && !url.startsWith('data:'),
    )
    assert(others.length === 0, others.join(', '))
  })
  if (screenshots) {
    for (const figure of await places.all()) {
      const kind = await figure.getAttribute('data-figure')
      await figure.screenshot({ path: join(screenshots, `${kind}-${view.name}-${theme}.png`) })
    }
  }
  await context.close()
}

/** Without JavaScript there is a text in place of each figure, and each question is a list. */
async function checkPlain(browser, book, file) {
  await check(`${file}: without JavaScript`, async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(pathToFileURL(join(book, file)).href)
    for (const text of await page.locator('div.live').allInnerTexts()) {
      assert(text.trim().length > 30, `a figure says only “${text}”`)
    }
    const quiz = page.locator('div.quiz')
    if (await quiz.count()) assert((await quiz.locator('li p').count()) > 10, 'the quiz is no list')
    await context.close()
  })
}

/** What was answered correctly on one page is shown on another. */
async function checkProgress(browser, book) {
  await check('progress.html: progress and reset', async () => {
    const url = pathToFileURL(join(book, 'bytes.html')).href
    const { page, context } = await open(browser, url, VIEWS[1], THEMES[0])
    const form = page.locator('div.quiz form').first()
    await form.locator('input').first().press('Space')
    await form.getByRole('button', { name: 'Check' }).press('Enter')
    await form.locator('.quiz-verdict:not(:empty)').waitFor()
    await page.goto(pathToFileURL(join(book, 'progress.html')).href)
    const place = page.locator('.quiz-progress')
    // Chromium may hand a page of another process what was stored a moment later: load it again.
    const begun = () => place.locator('li').waitFor({ timeout: 2000 })
    for (let tries = 0; tries < 5; tries += 1) {
      if (
        await begun().then(
          () => true,
          () => false,
        )
      )
        break
      await page.reload()
    }
    const line = await place.locator('li').innerText()
    assert(/Bytes, not messages\s+[01] of \d+/.test(line), line)
    await place.getByRole('button', { name: 'Forget all answers' }).press('Enter')
    await place.getByText('No quiz has been begun').waitFor()
    await context.close()
    return line
  })
}

/** On the page that is printed nothing moves. */
async function checkPaper(browser, book) {
  await check('print.html: figures are texts, and quizzes are lists', async () => {
    const url = pathToFileURL(join(book, 'print.html')).href
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.addInitScript(() => (window.print = () => {}))
    await page.goto(url, { waitUntil: 'load' })
    const figures = await page.locator('div.live').allInnerTexts()
    assert(figures.length > 10, `only ${figures.length} figures`)
    const moving = 'div.live button:not(.clip-button), div.quiz form'
    assert((await page.locator(moving).count()) === 0, 'something moves')
    await context.close()
    return `${figures.length} figures`
  })
}

async function main() {
  const { book, chromium: executablePath, page, screenshots } = readArguments()
  if (screenshots) mkdirSync(screenshots, { recursive: true })
  const isLive = (file) => /<div class="(live|quiz)"/.test(readFileSync(join(book, file), 'utf8'))
  const files = readdirSync(book)
    .filter((file) => file.endsWith('.html') && file !== 'print.html')
    .filter(isLive)
  await check('there are pages with figures', () => assert(files.length > 0, 'there are none'))
  const all = files.map((file) => readFileSync(join(book, file), 'utf8')).join('')
  const placed = [...all.matchAll(/data-figure="([^"]+)"/g)].map((it) => it[1])
  await check('each figure has a place', () => {
    const missing = Object.keys(FIGURES).filter((kind) => !placed.includes(kind))
    assert(missing.length === 0, missing.join(', '))
  })
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    for (const file of files.filter((name) => !page || name === page)) {
      for (const view of VIEWS)
        for (const theme of THEMES) await checkPage(browser, book, file, view, theme, screenshots)
      await checkPlain(browser, book, file)
    }
    await checkProgress(browser, book)
    await checkPaper(browser, book)
  } finally {
    await browser.close()
  }
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

await main()
