// Opens every page of the built course in a real browser, as a file, and measures what a reader sees
// when the live figures are drawn and a question of the quiz is answered.
//
//   node pages.mjs DIRECTORY --chromium /usr/bin/chromium [--screenshots DIRECTORY] [--patience MS]
//
// Prints a line for every page and form. Exits with 0 if nothing was found, 1 if something was, 2 if it
// was called wrongly.

import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
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
const USAGE =
  'usage: node pages.mjs DIRECTORY --chromium PATH [--screenshots DIRECTORY] [--patience MS]'
/** How long figures and quizzes may take until they are there, in milliseconds. */
const PATIENCE = '20000'
/** A mark and a box are told apart by their borders or by how light they are. */
const LEAST_RATIO_OF_BORDERS = 1.5
const LEAST_CONTRAST_OF_SHAPES = 3
const COLOURS = /\b(grey|gray|colou?red|black|white|red|green|blue|yellow|orange|purple)\b/i

function readArguments() {
  try {
    const text = { type: 'string' }
    const options = {
      chromium: text,
      screenshots: text,
      patience: { ...text, default: PATIENCE },
    }
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

/** Runs in the page: whether all that scripts draw is there. */
function isDrawn() {
  const figures = [...document.querySelectorAll('div.live[data-figure]')]
  const quizzes = [...document.querySelectorAll('div.quiz')]
  return (
    figures.every((one) => one.querySelector('.live-title')) &&
    quizzes.every((one) => one.dataset.ready !== undefined)
  )
}

/** Runs in the page: answers the first question of each quiz, and opens what is folded. */
function unfold() {
  for (const form of document.querySelectorAll('div.quiz form:first-of-type')) {
    form.querySelector('input').click()
    form.requestSubmit()
  }
  document.querySelectorAll('details').forEach((one) => (one.open = true))
}

/** Runs in the page: what the figures are drawn with, and the captions below them. */
function figuresOf() {
  const style = (shape) => {
    const { fill, fillOpacity, strokeWidth } = getComputedStyle(shape)
    return { fill, opacity: Number(fillOpacity), border: Number.parseFloat(strokeWidth) }
  }
  const figures = [...document.querySelectorAll('main svg')].map((svg) => {
    const shapes = (name) => [...svg.querySelectorAll(name)].map(style)
    const around = []
    for (let one = svg; one; one = one.parentElement) around.push(getComputedStyle(one).backgroundColor)
    return { boxes: shapes('.box'), marks: shapes('.mark'), around }
  })
  const captions = [...document.querySelectorAll('main figcaption')].map((one) => one.innerText)
  return { figures, captions }
}

/** Whether a figure has a mark and a box that look the same to somebody who sees no colours. */
function areAlike({ boxes, marks, around }) {
  const background = around.reverse().reduce((below, one) => over(parse(one), below), [255, 255, 255, 1])
  const shown = ({ fill, opacity }) => {
    const [red, green, blue, alpha] = parse(fill)
    return over([red, green, blue, alpha * opacity], background)
  }
  return marks.some((mark) =>
    boxes.some(
      (box) =>
        mark.border < box.border * LEAST_RATIO_OF_BORDERS &&
        contrast(shown(mark), shown(box)) < LEAST_CONTRAST_OF_SHAPES,
    ),
  )
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

/** Runs in the page: where the links at its foot lead. */
function footOf() {
  return [...document.querySelectorAll('main > .source a')].map(({ href }) => href)
}

/** What is wrong with a page in this form. */
async function complaintsOf(page, url, form, patience) {
  const errors = []
  const hear = (message) => message.type() === 'error' && errors.push(`console: ${message.text()}`)
  const fail = (error) => errors.push(`uncaught: ${error.message}`)
  page.on('console', hear)
  page.on('pageerror', fail)
  await page.goto(url)
  await page
    .waitForFunction(isDrawn, null, { timeout: patience })
    .catch(() => errors.push(`after ${patience} ms a figure or a quiz is not drawn`))
  await page.evaluate(unfold)
  const { figures, captions } = await page.evaluate(figuresOf)
  const foot = await page.evaluate(footOf)
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
    ...(foot.length > 0 ? [] : ['its foot does not say what it is made from']),
    ...foot
      .filter((it) => !existsSync(fileURLToPath(it)))
      .map((it) => `its foot leads to ${it}, which is not there`),
    ...figures.filter(areAlike).map(() => 'in a figure a mark looks like a box'),
    ...captions.filter((it) => COLOURS.test(it)).map((it) => `a caption names a colour: ${it}`),
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
        const complaints = await complaintsOf(page, url, form, Number(options.patience))
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
