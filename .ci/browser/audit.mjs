// What Lighthouse and axe say of pages that the server sends.
//
//   npm ci
//   node audit.mjs --chromium /usr/bin/chromium --lighthouse URL [--axe URL]...
//
// Lighthouse has to give 100 for performance and for accessibility (which is axe, on what a phone
// and a desk show), and axe has to find nothing on each page, light and dark. Exits with 0 if so, 1
// if not, 2 if it was called wrongly.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { launch } from 'chrome-launcher'
import lighthouse, { desktopConfig } from 'lighthouse'
import { chromium } from 'playwright-core'

/** Performance is measured in time, and the machine may be busy with something else. */
const TRIES = 3

const { values } = parseArgs({
  options: {
    chromium: { type: 'string' },
    lighthouse: { type: 'string' },
    axe: { type: 'string', multiple: true, default: [] },
  },
})
if (!values.chromium || !values.lighthouse) {
  console.error('usage: node audit.mjs --chromium PATH --lighthouse URL [--axe URL]...')
  process.exit(2)
}

const complaints = []
await score('desk', desktopConfig)
await score('phone', undefined)
await findings()
complaints.forEach((complaint) => console.log(`FAIL  ${complaint}`))
process.exit(complaints.length === 0 ? 0 : 1)

/** Has Lighthouse look at the page as a phone or a desk shows it. */
async function score(name, config) {
  let report
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const chrome = await launch({ chromePath: values.chromium, chromeFlags: ['--headless=new', '--no-sandbox'] })
    const options = { port: chrome.port, onlyCategories: ['performance', 'accessibility'], logLevel: 'error' }
    report = (await lighthouse(values.lighthouse, options, config)).lhr
    await chrome.kill()
    if (of(report, 'performance') === 100) break
  }
  for (const category of ['performance', 'accessibility']) {
    const points = of(report, category)
    console.log(`lighthouse, ${name}: ${category} ${points}`)
    if (points < 100) complaints.push(`${name}, ${category} ${points}: ${lost(report, category)}`)
  }
}

function of(report, category) {
  return Math.round(report.categories[category].score * 100)
}

/** What points have been lost for. */
function lost(report, category) {
  const references = report.categories[category].auditRefs.filter(({ weight }) => weight > 0)
  const audits = references.map(({ id }) => report.audits[id]).filter(({ score }) => score !== null && score < 0.9)
  return audits.map(({ id, displayValue }) => `${id} ${displayValue ?? ''}`).join(', ')
}

/** Has axe look at the other pages. */
async function findings() {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  const browser = await chromium.launch({ executablePath: values.chromium, args: ['--no-sandbox'] })
  for (const url of values.axe) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await browser.newPage({ colorScheme, bypassCSP: true })
      await page.goto(url, { waitUntil: 'load' })
      await page.evaluate(axe)
      const { violations, passes } = await page.evaluate(() => globalThis.axe.run())
      console.log(`axe, ${colorScheme}: ${new URL(url).pathname}: ${passes.length} rules hold`)
      for (const { id, nodes } of violations) {
        complaints.push(`${url}, ${colorScheme}: ${id}: ${nodes[0].html}`)
      }
      await page.close()
    }
  }
  await browser.close()
}
