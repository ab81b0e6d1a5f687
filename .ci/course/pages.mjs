// Opens every page of the built course in a real browser, as a file, and measures what a reader sees.
//
//   node pages.mjs DIRECTORY --chromium /usr/bin/chromium [--screenshots DIRECTORY]
//
// Prints a line for every page and form. Exits with 0 if nothing was found, 1 if something was, 2 if it
// was called wrongly.

import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from '../browser/node_modules/playwright-core/index.mjs'
import { contrast, over, parse } from './colour.mjs'

const SMALLEST_TEXT = 11
const LEAST_CONTRAST = 4.5
/** What mdBook makes besides the pages of SUMMARY.md. */
const OTHER_PAGES = ['404.html', 'index.html', 'print.html', 'toc.html']
const FORMS = {
  phone: { width: 390, height: 844 },
  desk: { width: 1280, height: 900 },
}
const USAGE = 'usage: node pages.mjs DIRECTORY --chromium PATH [--screenshots DIRECTORY]'

function readArguments() {
  try {
    const text = { type: 'string' }
    const options = { chromium: text, screenshots: text }
    const { values, positionals } = parseArgs({ allowPositionals: true, options })
    if (positionals.length !== 1) throw new Error('exactly one directory is needed')
    if (!values.chromium) throw new Error('--chromium is needed')
    return { ...values, directory: resolve(positionals[0]) }
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`)
    process.exit(2)
  }
}

/** Runs in the page: every text of a part that is seen, with its size on the screen and the colours around it. */
function textsOf(part) {
  const found = []
  const texts = document.createTreeWalker(document.querySelector(part), NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const text = texts.currentNode.data.trim()
    const element = texts.currentNode.parentElement
    if (text === '' || !element.checkVisibility() || element.closest('title, script, style')) continue
    const style = getComputedStyle(element)
    const svg = element.closest('svg')
    const scale = svg ? svg.getScreenCTM().a : 1
    const around = []
    let opacity = 1
    for (let one = element; one; one = one.parentElement) {
      around.push(getComputedStyle(one).backgroundColor)
      opacity *= Number(getComputedStyle(one).opacity)
    }
    const shapes = [...(svg?.querySelectorAll('.box, .mark') ?? [])].map((shape) => {
      const { fill, fillOpacity } = getComputedStyle(shape)
      return { fill, opacity: Number(fillOpacity) }
    })
    found.push({
      text: text.slice(0, 40),
      size: Number.parseFloat(style.fontSize) * scale,
      colour: svg ? style.fill : style.color,
      around,
      opacity,
      shapes: shapes.filter(({ fill }, at) => shapes.findIndex((it) => it.fill === fill) === at),
    })
  }
  return found
}

/** The least contrast of a text with what may lie below it. */
function contrastOf({ colour, around, opacity, shapes }) {
  const background = around.reverse().reduce((below, one) => over(parse(one), below), [255, 255, 255, 1])
  const shaded = shapes.map(({ fill, opacity }) => {
    const [red, green, blue, alpha] = parse(fill)
    return over([red, green, blue, alpha * opacity], background)
  })
  const [red, green, blue, alpha] = parse(colour)
  const ratios = [background, ...shaded].map((below) =>
    contrast(over([red, green, blue, alpha * opacity], below), below),
  )
  return Math.min(...ratios)
}

/** Runs in the page: what is wider than its place. */
function tooWide(isDesk) {
  const found = []
  const { scrollWidth } = document.documentElement
  if (scrollWidth > innerWidth) found.push(`the page is ${scrollWidth} px wide`)
  for (const box of isDesk ? document.querySelectorAll('main pre > code') : []) {
    if (box.scrollWidth > box.clientWidth)
      found.push(`a listing is ${box.scrollWidth - box.clientWidth} px too wide: ${box.innerText.slice(0, 40)}`)
  }
  return found
}

/** What is wrong with a page in this form. */
async function complaintsOf(page, url, form) {
  const errors = []
  const hear = (message) => message.type() === 'error' && errors.push(`console: ${message.text()}`)
  const fail = (error) => errors.push(`uncaught: ${error.message}`)
  page.on('console', hear)
  page.on('pageerror', fail)
  await page.goto(url)
  await page.evaluate(() =>
    document.querySelectorAll('details').forEach((one) => (one.open = true)),
  )
  const wide = await page.evaluate(tooWide, form === 'desk')
  // On a phone the list of chapters is out of sight.
  const texts = await page.evaluate(textsOf, form === 'desk' ? 'body' : 'main')
  page.off('console', hear)
  page.off('pageerror', fail)
  const small = texts.filter(({ size }) => size < SMALLEST_TEXT - 0.05)
  const faint = texts
    .map((text) => ({ ...text, ratio: contrastOf(text) }))
    .filter(({ ratio }) => ratio < LEAST_CONTRAST)
  if (texts.length === 0) errors.push('there is no text')
  return [
    ...errors,
    ...wide,
    ...small.map(({ text, size }) => `"${text}" has ${size.toFixed(1)} px`),
    ...faint.map(({ text, ratio }) => `"${text}" has a contrast of ${ratio.toFixed(2)}`),
  ]
}

async function main() {
  const options = readArguments()
  const pages = readdirSync(options.directory).filter(
    (name) => name.endsWith('.html') && !OTHER_PAGES.includes(name) && !name.startsWith('toc-'),
  )
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
  const browser = await chromium.launch({ executablePath: options.chromium, headless: true, args })
  let failed = 0
  for (const [form, viewport] of Object.entries(FORMS)) {
    for (const colorScheme of ['light', 'dark']) {
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' })
      const page = await context.newPage()
      for (const name of pages) {
        const url = pathToFileURL(`${options.directory}/${name}`).href
        const complaints = await complaintsOf(page, url, form)
        failed += complaints.length > 0
        console.log(`${complaints.length > 0 ? 'FAIL' : 'ok  '}  ${name}, ${form}, ${colorScheme}`)
        for (const complaint of complaints.slice(0, 8)) console.log(`      ${complaint}`)
        if (options.screenshots) {
          const path = `${options.screenshots}/${name.replace('.html', '')}-${form}-${colorScheme}.png`
          await page.screenshot({ path, fullPage: true })
        }
      }
      await context.close()
    }
  }
  await browser.close()
  console.log(`course: ${pages.length} pages in 4 forms, ${failed} with something wrong`)
  process.exit(failed > 0 || pages.length === 0 ? 1 : 0)
}

await main()
