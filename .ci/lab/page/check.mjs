// Opens a page of `cargo lab report` in a real browser, as a file, and checks what it shows.
//
//   node check.mjs FILE.html --chromium /usr/bin/chromium [--figures FIGURES.json] [--screenshots DIRECTORY]
//
// FIGURES.json   what `cargo lab report --figures` prints of the same results
// DIRECTORY      where to leave a picture of the page: wide and narrow, light and dark
//
// Prints a line for every check. Exits with 0 if all passed, 1 if any failed,
// 2 if it was called wrongly.

import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from '../../browser/node_modules/playwright-core/index.mjs'
import { percentileName, ratio, time, whole } from '../../../bench/lab/src/report/page/text.js'

const STEP_MS = 60_000
const MOST_BYTES = 1_500_000
const SECTIONS = ['apart', 'cost', 'wins', 'causes', 'voids', 'gate']
const USAGE =
  'usage: node check.mjs FILE.html --chromium PATH [--figures FILE.json] [--screenshots DIRECTORY]'

function readArguments() {
  try {
    const text = { type: 'string' }
    const options = { chromium: text, figures: text, screenshots: text }
    const { values, positionals } = parseArgs({ allowPositionals: true, options })
    if (positionals.length !== 1) throw new Error('exactly one file is needed')
    if (!values.chromium) throw new Error('--chromium is needed')
    const file = resolve(positionals[0])
    return { ...values, file, url: pathToFileURL(file).href }
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`)
    process.exit(2)
  }
}

// --- Checks ------------------------------------------------------------------

let passed = 0
let failed = 0

/** Runs one check; the string it returns, if any, is printed with its name. */
async function check(name, run) {
  try {
    const detail = await run()
    passed += 1
    console.log(`ok    ${name}${detail ? `: ${detail}` : ''}`)
  } catch (error) {
    failed += 1
    console.log(`FAIL  ${name}: ${error.message.split('\n')[0]}`)
  }
}

function assert(condition, message) {
  if (!condition) throw new Error(message)
}

/** Asserts that a list of complaints is empty. */
function assertNone(complaints) {
  assert(complaints.length === 0, complaints.slice(0, 5).join('; '))
}

/** Opens the page, and notes down everything that the checks ask about later. */
async function open(browser, { url }, options) {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(STEP_MS)
  const page = await context.newPage()
  const seen = { requests: [], errors: [] }
  page.on('request', (request) => seen.requests.push(request.url()))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seen.errors.push(message.text())
  })
  page.on('pageerror', (error) => seen.errors.push(`uncaught ${error.message}`))
  await page.goto(url)
  await page.locator('html[data-ready]').waitFor({ state: 'attached' })
  return { page, seen, context }
}

/** What must hold of everything that the page has done. */
async function checkQuiet(name, seen, { url }) {
  await check(`${name}: no error on the console`, () => assertNone(seen.errors))
  await check(`${name}: nothing is asked for but the page`, () =>
    assertNone(seen.requests.filter((request) => request !== url && !request.startsWith('data:'))),
  )
}

async function checkFits(name, page) {
  await check(`${name}: fits the width`, async () => {
    await page.evaluate(() =>
      document.querySelectorAll('details').forEach((one) => (one.open = true)),
    )
    const [content, width] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      innerWidth,
    ])
    assert(content <= width, `content is ${content} px wide in a window of ${width} px`)
    return `${width} px`
  })
}

// --- Content -------------------------------------------------------------------

/** The raw figures inside of the page, as text. */
function rawFigures(file) {
  const data = /<script[^>]*id="data"[^>]*>([^<]*)</.exec(readFileSync(file, 'latin1'))[1]
  return gunzipSync(Buffer.from(data, 'base64')).toString()
}

async function checkContent(page, { file }) {
  await check('the seed is shown digit by digit', async () => {
    const [, seed] = /"seed": ?([0-9]+)/.exec(rawFigures(file))
    assert((await page.locator('#apart').innerText()).includes(`seed ${seed}`), `${seed} is not`)
    return seed
  })
  await check('every section has a heading and content', async () => {
    const sections = await page
      .locator('main > section')
      .evaluateAll((all) =>
        all.map(({ id, innerText }) => ({
          id,
          heading: document.getElementById(`${id}-title`).innerText,
          length: innerText.length,
        })),
      )
    assertNone(
      SECTIONS.filter((id) => !sections.some((one) => one.id === id)).map((id) => `no ${id}`),
    )
    assertNone(
      sections
        .filter(({ heading, length }) => length < heading.length + 40)
        .map(({ id }) => `${id} is empty`),
    )
    const links = await page
      .locator('nav a')
      .evaluateAll((all) => all.map((link) => link.hash.slice(1)))
    assert(links.join() === sections.map(({ id }) => id).join(), `the contents are ${links}`)
    return sections.map(({ id }) => id).join(', ')
  })
  await check('the verdict has three sentences, and A/A comes first', async () => {
    const sentences = await page.locator('#verdict p').allInnerTexts()
    assert(
      sentences.length === 3 && sentences.every((text) => /\.$/.test(text)),
      sentences.join(' | '),
    )
    assert(
      (await page.locator('main > section').first().getAttribute('id')) === 'apart',
      'it does not',
    )
  })
  await check('nothing is undefined, and no number is none', async () => {
    const text = await page.locator('body').innerText()
    assertNone(text.match(/.{0,30}(undefined|NaN|Infinity|\[object|null).{0,30}/g) ?? [])
  })
  await check('each picture has a text', async () => {
    const nameless = await page
      .locator('svg[role=img]:not([aria-label]), .bar:not([aria-hidden])')
      .count()
    assert(nameless === 0, `${nameless} have none`)
  })
  await check('each control and table has a name', async () => {
    const nameless = await page.evaluate(() =>
      [
        ...[...document.querySelectorAll('button')].filter(
          (one) => !one.getAttribute('aria-label') && !one.innerText && one.checkVisibility(),
        ),
        ...[...document.querySelectorAll('select, input')].filter((one) => !one.closest('label')),
        ...[...document.querySelectorAll('table')].filter((one) => !one.caption),
      ].map((one) => one.outerHTML.slice(0, 60)),
    )
    assertNone(nameless)
  })
}

async function checkInstructions(page) {
  await check('instructions stand where any were counted, else why they do not', async () => {
    const scenarios = page.locator('#causes [data-choice=scenario]')
    const names = await scenarios.locator('option').evaluateAll((all) => all.map((one) => one.value))
    let counted = 0
    for (const name of names) {
      await scenarios.selectOption(name)
      const heads = await page.locator('#causes thead th').allInnerTexts()
      const column = heads.findIndex((head) => /instructions/i.test(head))
      const text = await page.locator('#causes').innerText()
      const isExplained = text.includes('Instructions are not counted under this load')
      assert(isExplained === column < 0, `${name}: ${heads}`)
      const cells = (await rows(page.locator('#causes table'))).map(({ cells }) => cells[column])
      assert(column < 0 || cells.some((cell) => cell !== '–'), `${name}: the column is empty`)
      counted += column < 0 ? 0 : 1
    }
    return `${counted} of ${names.length} loads`
  })
}

// --- The same figures as in Rust -----------------------------------------------------

/** The rows of a table in the page, by entry: the texts of their cells. */
function rows(table) {
  return table.locator('tbody tr').evaluateAll((all) =>
    all.map((row) => ({
      entry: row.querySelector('[data-entry]')?.dataset.entry,
      cells: [...row.cells].map((cell) => cell.innerText.replace(/\s+/g, ' ').trim()),
    })),
  )
}

/** Without tied marks, which are only seen. */
const number = (cell) => cell.replace(/ =.*$/, '')

async function checkScenario(page, { scenario, entries }, of, print) {
  const shown = await rows(page.locator(`#cost table[data-figure=${of}]`))
  const complaints = []
  for (const { entry, cells } of shown) {
    const expected = entries.find((one) => one.entry === entry)[of]
    if (expected === null) {
      if (!cells[1].startsWith('void')) complaints.push(`${entry} is not void`)
      continue
    }
    const { estimate, floor, tied } = expected
    const wanted = [print(estimate.median), floor ? ratio(floor.median) : '–', String(tied)]
    const found = [number(cells[2]), cells[4], String(cells[2].includes('='))]
    if (found.join() !== wanted.join())
      complaints.push(`${scenario}, ${entry}: ${found}, not ${wanted}`)
  }
  assert(shown.length > 0, `${scenario} is empty`)
  assertNone(complaints)
  return shown.length
}

async function checkFigures(page, file) {
  const figures = JSON.parse(readFileSync(file, 'utf8'))
  await check('processor time, rates, ratios and ties are those of Rust', async () => {
    let compared = 0
    for (const scenario of figures.scenarios) {
      await page.locator('#cost [data-choice=scenario]').selectOption(scenario.scenario)
      compared += await checkScenario(page, scenario, 'cpu', time)
      compared += await checkScenario(page, scenario, 'rate', whole)
    }
    return `${compared} figures in ${figures.scenarios.length} scenarios`
  })
  const loads = await page
    .locator('#latency [data-choice=load] option')
    .evaluateAll((all) => all.map((one) => one.value))
  await check('means and percentiles are those of Rust', async () => {
    let compared = 0
    for (const load of loads) {
      await page.locator('#latency [data-choice=load]').selectOption(load)
      const { entries } = figures.scenarios.find(({ scenario }) => scenario === load)
      for (const { entry, cells } of await rows(page.locator('#latency table.latency'))) {
        const { mean, percentiles } = entries.find((one) => one.entry === entry)
        const printed = percentiles.map(({ value, needs }) => (needs > 0 ? 'needs' : time(value)))
        const wanted = [time(mean.median), ...printed].join()
        const found = cells
          .slice(1, -1)
          .map((cell) => cell.replace(/^needs .*/, 'needs'))
          .join()
        assert(found === wanted, `${load}, ${entry}: ${found}, not ${wanted}`)
        compared += percentiles.length + 1
      }
    }
    return `${compared} figures, up to ${percentileName(0.9999)}, at ${loads.join(', ')}`
  })
  await check('what the machine can tell apart is that of Rust', async () => {
    const text = await page.locator('#apart .lead').innerText()
    const { cpu } = figures.resolution
    const wanted = cpu === null ? 'not known' : `≥ ${(cpu * 100).toFixed(1)} %`
    assert(text.includes(wanted), `"${text}" is not ${wanted}`)
    return wanted
  })
}

// --- What a reader does ----------------------------------------------------------------

async function checkKeyboard(page) {
  await check('the first key leads past the contents', async () => {
    await page.reload()
    await page.locator('html[data-ready]').waitFor({ state: 'attached' })
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.activeElement.id === 'sections', null, {
      timeout: 5000,
    })
  })
  await check('a scenario is chosen by keys, in all places at once', async () => {
    const [first, second] = await page.locator('[data-choice=scenario]').all()
    await first.selectOption({ index: 0 })
    await first.focus()
    const before = await first.inputValue()
    await page.keyboard.press('ArrowDown')
    const after = await first.inputValue()
    assert(after !== before, `it is still ${before}`)
    assert((await second.inputValue()) === after, 'the causes are those of another')
    const caption = await page.locator('#cost caption').first().innerText()
    assert(caption.toLowerCase().includes(after.toLowerCase()), caption)
    return `${before} → ${after}`
  })
  await check('kinds are left out by keys', async () => {
    const marks = () => page.locator('#cost .bartable .mark.peer').count()
    const peers = await marks()
    await page.locator('#cost [data-kind=peer]').focus()
    await page.keyboard.press('Space')
    assert((await marks()) === 0, `${await marks()} of ${peers} are left`)
    assert(
      await page
        .locator('#cost [data-kind=peer]')
        .evaluate((box) => box === document.activeElement),
      'the focus is lost',
    )
    await page.keyboard.press('Space')
    assert((await marks()) === peers, 'they do not come back')
    return `${peers} peers`
  })
  await check('the arrow keys walk through the matrix', async () => {
    if ((await page.locator('#wins .cell').count()) === 0) {
      assert(/none is called better/.test(await page.locator('#wins').innerText()), 'no matrix')
      return 'there is none, since nothing has enough rounds'
    }
    const focused = () => page.evaluate(() => document.activeElement.getAttribute('aria-label'))
    await page.locator('#wins .cell[tabindex="0"]').focus()
    const labels = new Set([await focused()])
    for (const key of ['ArrowDown', 'ArrowRight', 'ArrowDown']) {
      await page.keyboard.press(key)
      labels.add(await focused())
    }
    // In a small run there may be nothing in a direction.
    const rows = await page.locator('#wins tbody tr').count()
    assert(labels.size >= (rows > 5 ? 4 : 2), [...labels].join('; '))
    assert(
      (await page.locator('#wins .cell[tabindex="0"]').count()) === 1,
      'more than one is reached by the tab key',
    )
  })
}

async function checkCopying(page) {
  const button = page.locator('#cost .copy').first()
  await check('without a clipboard, the command is shown and selected', async () => {
    await page.evaluate(() =>
      Object.defineProperty(navigator, 'clipboard', { configurable: true, value: undefined }),
    )
    await button.click()
    const text = await page.locator('#copy-text').inputValue()
    const selected = await page.evaluate(
      () => getSelection().toString() || document.activeElement.value,
    )
    assert(selected === text && text.includes('ADDRESS'), text)
    await page.keyboard.press('Escape')
    assert(!(await page.locator('#copy').evaluate((dialog) => dialog.open)), 'it cannot be closed')
    return text.split('\n')[1]
  })
  await check('with one, it is copied', async () => {
    await page.evaluate(() => {
      const clipboard = { writeText: async (text) => (window.copied = text) }
      Object.defineProperty(navigator, 'clipboard', { configurable: true, value: clipboard })
    })
    await button.click()
    await page.locator('#said', { hasText: 'is copied' }).waitFor()
    assert((await page.evaluate(() => window.copied)).includes('ADDRESS'), 'something else is')
  })
}

async function checkColours(page) {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await check('light and dark can be chosen', async () => {
    await page.locator('#theme').selectOption('dark')
    const dark = await background()
    await page.locator('#theme').selectOption('light')
    const light = await background()
    await page.locator('#theme').selectOption('')
    assert(dark !== light, `both are ${dark}`)
    return `${light}, ${dark}`
  })
}

// --- Running ---------------------------------------------------------------------

async function checkWide(browser, options) {
  const { page, seen, context } = await open(browser, options, {
    viewport: { width: 1280, height: 900 },
  })
  await checkContent(page, options)
  await checkInstructions(page)
  if (options.figures) await checkFigures(page, options.figures)
  await checkKeyboard(page)
  await checkCopying(page)
  await checkColours(page)
  await checkFits('wide', page)
  await checkQuiet('wide', seen, options)
  await context.close()
}

/** A phone and a desk, light and dark; a picture of each, if that is wanted. */
async function checkVariants(browser, options) {
  for (const [form, viewport] of Object.entries({
    wide: { width: 1280, height: 900 },
    narrow: { width: 360, height: 780 },
  })) {
    for (const colorScheme of ['light', 'dark']) {
      const name = `${form}, ${colorScheme}`
      const { page, seen, context } = await open(browser, options, {
        viewport,
        colorScheme,
        reducedMotion: 'reduce',
      })
      if (options.screenshots)
        await page.screenshot({
          path: `${options.screenshots}/${form}-${colorScheme}.png`,
          fullPage: true,
        })
      await checkFits(name, page)
      await checkQuiet(name, seen, options)
      await context.close()
    }
  }
}

async function main() {
  const options = readArguments()
  await check('the page keeps to its limit', () => {
    const { size } = statSync(options.file)
    assert(size < MOST_BYTES, `${size} bytes`)
    return `${Math.round(size / 1000)} kB`
  })
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--host-resolver-rules=MAP * ~NOTFOUND',
  ]
  const browser = await chromium.launch({ executablePath: options.chromium, headless: true, args })
  try {
    await checkWide(browser, options)
    await checkVariants(browser, options)
  } catch (error) {
    failed += 1
    console.log(`FAIL  ${error.message.split('\n')[0]}`)
  } finally {
    await browser.close()
  }
  console.log(`page: ${passed} checks passed${failed > 0 ? `, ${failed} failed` : ''}`)
  process.exit(failed > 0 ? 1 : 0)
}

await main()
