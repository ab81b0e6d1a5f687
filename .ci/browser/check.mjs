// Opens the site in a real browser and checks what the server sent it.
//
//   npm ci
//   node check.mjs URL --chromium /usr/bin/chromium [--landing URL2] [--secure URL3] [--screenshot FILE]
//
// URL      the page of app/site, as the server gives it out with --site
// URL2     the server's own landing page
// URL3     the same as URL, over TLS
// FILE     a .png; FILE-dark and FILE-phone are written next to it
//
// Prints a line for every check. Exits with 0 if all passed, 1 if any failed,
// 2 if it was called wrongly.

import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'

const OVERALL_MS = 60_000
const STEP_MS = 10_000

const PATHS = ['/healthz', '/user-agent', '/echo/hello', '/counter']
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }
const MOST_CONNECTIONS = 6
const LEAST_REUSE = 0.5

const USAGE = 'usage: node check.mjs URL --chromium PATH [--landing URL] [--secure URL] [--screenshot FILE.png]'

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        chromium: { type: 'string' },
        landing: { type: 'string' },
        secure: { type: 'string' },
        screenshot: { type: 'string' },
      },
    })
    if (positionals.length !== 1) throw new Error('exactly one URL is needed')
    if (!values.chromium) throw new Error('--chromium is needed')
    if (values.screenshot && !values.screenshot.endsWith('.png')) throw new Error('--screenshot must end in .png')
    const url = new URL(positionals[0])
    const landing = values.landing && new URL(values.landing)
    const secure = values.secure && new URL(values.secure)
    return { url, landing, secure, chromium: values.chromium, screenshot: values.screenshot }
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`)
    process.exit(2)
  }
}

// --- Checks ------------------------------------------------------------------

let passed = 0
let failed = 0
let over = false

/** Runs one check; the string it returns, if any, is printed with its name. */
async function check(name, run) {
  try {
    const detail = await run()
    if (over) return
    passed += 1
    console.log(`ok    ${name}${detail ? `: ${detail}` : ''}`)
  } catch (error) {
    if (over) return
    failed += 1
    console.log(`FAIL  ${name}: ${firstLine(error)}`)
  }
}

function assert(condition, message) {
  if (!condition) throw new Error(message)
}

/** Playwright's messages go on with a log of calls. */
function firstLine(error) {
  return error.message.split('\n')[0]
}

/** Asserts that a list of complaints is empty. */
function assertNone(complaints) {
  assert(complaints.length === 0, complaints.join('; '))
}

// --- What a page does while it is watched -------------------------------------

/** Notes down everything that the checks ask about later. */
function watch(page) {
  const seen = { responses: [], requests: [], failures: [], errors: [] }
  page.on('request', (request) => seen.requests.push(request))
  page.on('response', (response) => seen.responses.push(response))
  page.on('requestfailed', (request) =>
    seen.failures.push(`${request.method()} ${request.url()} (${request.failure()?.errorText})`),
  )
  page.on('console', (message) => {
    if (message.type() === 'error') seen.errors.push(`${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => seen.errors.push(`uncaught ${error.message}`))
  return seen
}

/** The connection of every response, as only the DevTools protocol tells it. */
async function watchConnections(context, page) {
  const connections = []
  const session = await context.newCDPSession(page)
  session.on('Network.responseReceived', ({ response }) => {
    if (response.fromDiskCache || !/^https?:/.test(response.url)) return
    const { url, connectionId: id, connectionReused: reused, protocol } = response
    connections.push({ url, id, reused, protocol })
  })
  await session.send('Network.enable')
  return connections
}

async function headline(page) {
  const h1 = page.locator('h1')
  await h1.first().waitFor({ state: 'visible' })
  assert((await h1.count()) === 1, `expected one h1, found ${await h1.count()}`)
  const text = (await h1.innerText()).trim()
  assert(text !== '', 'the h1 is empty')
  return text
}

/** Comes near the part of the page that is loaded late, and waits for it. */
async function revealLazy(page) {
  await page.locator('.ways').scrollIntoViewIfNeeded()
  await page.locator('[data-lazy]').waitFor({ state: 'visible' })
}

/** Presses the button of `path`; returns what the page then shows. */
async function press(page, path) {
  await page.locator(`button[data-path="${path}"]`).click()
  const result = page.locator(`[data-result="${path}"]`)
  const status = result.locator('[data-status]')
  await status.waitFor({ state: 'visible' })
  const body = page.locator('li', { has: result }).locator('[data-body]')
  return {
    status: (await status.innerText()).trim(),
    line: (await result.innerText()).replace(/\s+/g, ' ').trim(),
    body: (await body.allInnerTexts()).join(''),
  }
}

/** Gives late requests (the favicon is one) the time to show. */
async function settle(page) {
  await page.waitForLoadState('networkidle')
  await page.waitForTimeout(500)
}

/** What must hold of everything that a page asked for. */
async function checkQuiet(name, seen, origin) {
  await check(`${name}: no request failed`, () => {
    assertNone(seen.failures)
    return `${seen.requests.length} requests`
  })
  await check(`${name}: no response is an error`, () => {
    assertNone(seen.responses.filter((r) => r.status() >= 400).map((r) => `${r.status()} for ${r.url()}`))
  })
  await check(`${name}: no error on the console`, () => assertNone(seen.errors))
  await check(`${name}: nothing asked of another host`, () => {
    const urls = seen.requests.map((request) => request.url()).filter((url) => /^(https?|wss?):/.test(url))
    assertNone(urls.filter((url) => new URL(url).origin !== origin))
  })
}

// --- The site ------------------------------------------------------------------

async function checkSite(browser, { url, screenshot }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' })
  context.setDefaultTimeout(STEP_MS)
  const page = await context.newPage()
  const seen = watch(page)
  const connections = await watchConnections(context, page)

  let html = ''
  await check('site: the page arrives', async () => {
    const response = await page.goto(url.href, { waitUntil: 'load' })
    html = await response.text()
    assert(response.status() === 200, `status ${response.status()}`)
  })
  if (html === '') return // Nothing further can hold.

  await check('site: the page renders', () => headline(page))

  await check('site: the late chunk is loaded', async () => {
    await revealLazy(page)
    const scripts = seen.responses.filter((r) => r.request().resourceType() === 'script').map((r) => r.url())
    const late = scripts.filter((script) => !html.includes(script.split('/').at(-1)))
    assert(late.length > 0, `every script is in the HTML already: ${scripts.join(', ')}`)
    return late.map((script) => new URL(script).pathname).join(', ')
  })

  for (const path of PATHS) {
    await check(`site: button GET ${path}`, async () => {
      const { status, line, body } = await press(page, path)
      assert(status === '200', `the page shows "${line}" instead of status 200`)
      assert(/\d ms$/.test(line), `the page shows no time: "${line}"`)
      if (path === '/echo/hello') assert(body.includes('hello'), `no hello in the body: ${body}`)
      if (path === '/user-agent') assert(body.includes('Chrome'), `not this browser's name: ${body}`)
      return line
    })
  }

  await check('site: no button without a check', async () => {
    const paths = await page.locator('button').evaluateAll((all) => all.map((button) => button.dataset.path))
    assertNone(paths.filter((path) => !PATHS.includes(path)).map((path) => `unexpected button ${path}`))
  })

  await check('site: the favicon arrives', async () => {
    // Not every browser fetches it by itself when no one is looking.
    const status = await page.evaluate(async () => {
      const link = document.querySelector('link[rel~="icon"]')
      return link ? (await fetch(link.href)).status : 'no link'
    })
    assert(status === 200, `status ${status}`)
  })

  await settle(page)

  await check('site: every picture is decoded', async () => {
    await page.waitForFunction(() => [...document.images].every((image) => image.complete))
    const pictures = await page.evaluate(() => [...document.images].map((i) => ({ src: i.src, width: i.naturalWidth })))
    assert(pictures.length > 0, 'the page has no picture')
    assertNone(pictures.filter(({ width }) => width === 0).map(({ src }) => `broken: ${src}`))
    return `${pictures.length} pictures`
  })

  await check('site: content types', async () => {
    const counts = { html: 0, js: 0, css: 0, svg: 0 }
    const complaints = []
    for (const response of seen.responses) {
      const { pathname } = new URL(response.url())
      const isPage = response.request().resourceType() === 'document'
      const kind = isPage ? 'html' : pathname.split('.').at(-1)
      if (PATHS.includes(pathname) || !(kind in TYPES)) continue
      counts[kind] += 1
      // As the browser has it: after a 304, which has no type, that is the one of the first answer.
      const header = response.headers()['content-type'] ?? 'none'
      const type = header.split(';')[0].trim().toLowerCase()
      if (type !== TYPES[kind]) complaints.push(`${pathname} is ${header}, not ${TYPES[kind]}`)
    }
    for (const [kind, count] of Object.entries(counts)) if (count === 0) complaints.push(`no ${kind} was loaded`)
    assertNone(complaints)
    return Object.entries(counts)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ')
  })

  await check('site: connections are reused', () => {
    assert(connections.length > 0, 'no response was reported')
    const reused = connections.filter((connection) => connection.reused).length
    const ids = new Set(connections.map((connection) => connection.id)).size
    const summary = `${connections.length} responses on ${ids} connections, ${reused} of them reusing one`
    assert(ids <= MOST_CONNECTIONS, `more than ${MOST_CONNECTIONS} connections: ${summary}`)
    assert(reused >= connections.length * LEAST_REUSE, `too little reuse: ${summary}`)
    return summary
  })

  await checkQuiet('site', seen, url.origin)

  if (screenshot) await takeScreenshot(page, screenshot)
  await context.close()
}

// --- The landing page ------------------------------------------------------------

async function checkLanding(browser, { landing }) {
  const context = await browser.newContext()
  context.setDefaultTimeout(STEP_MS)
  const page = await context.newPage()
  const seen = watch(page)
  let arrived = false
  await check('landing: the page arrives', async () => {
    const response = await page.goto(landing.href, { waitUntil: 'load' })
    arrived = true
    assert(response.status() === 200, `status ${response.status()}`)
  })
  if (arrived) {
    await check('landing: the page renders', () => headline(page))
    await settle(page)
    await checkQuiet('landing', seen, landing.origin)
  }
  await context.close()
}

// --- The dashboard ---------------------------------------------------------------

async function checkDashboard(browser, { landing }) {
  const context = await browser.newContext({ viewport: { width: 360, height: 780 }, colorScheme: 'dark' })
  context.setDefaultTimeout(STEP_MS)
  const page = await context.newPage()
  const seen = watch(page)
  let arrived = false
  await check('dashboard: the landing page leads there', async () => {
    await page.goto(landing.href, { waitUntil: 'load' })
    await page.locator('a[href="/dashboard"]').click()
    await headline(page)
    arrived = true
  })
  if (arrived) {
    await check('dashboard: it is live', () => page.locator('#status', { hasText: 'Live' }).waitFor())
    await check('dashboard: what is asked shows', async () => {
      await page.locator('[data-load^="/sleep/"]').click()
      const moment = page.locator('[data-wait="time"] .now b', { hasText: /^[1-9]/ })
      await moment.waitFor()
      return `${await moment.innerText()} wait for a moment`
    })
    await check('dashboard: latencies are there', async () => {
      await page.locator('[data-load^="/echo/"]').click()
      await page.locator('#p50', { hasText: / [nµm]?s$/ }).waitFor()
      return `p50 ${await page.locator('#p50').innerText()}`
    })
    await check('dashboard: fits the width of a phone', async () => {
      const [content, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
      assert(content <= width, `content is ${content} px wide in a window of ${width} px`)
    })
    await checkQuiet('dashboard', seen, landing.origin)
  }
  await context.close()
}

// --- Over TLS ----------------------------------------------------------------------

async function checkSecure(browser, { secure }) {
  // Nobody has signed the certificate but the server itself.
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  context.setDefaultTimeout(STEP_MS)
  const page = await context.newPage()
  const seen = watch(page)
  const connections = await watchConnections(context, page)
  let arrived = false
  await check('secure: the page arrives and renders', async () => {
    const response = await page.goto(secure.href, { waitUntil: 'load' })
    assert(response.status() === 200, `status ${response.status()}`)
    await headline(page)
    arrived = true
  })
  if (arrived) {
    for (const path of PATHS) {
      await check(`secure: button GET ${path}`, async () => {
        const { status, line } = await press(page, path)
        assert(status === '200', `the page shows "${line}" instead of status 200`)
      })
    }
    await revealLazy(page)
    await settle(page)
    await check('secure: all of it is HTTP/2, on one connection', () => {
      assertNone(connections.filter(({ protocol }) => protocol !== 'h2').map((c) => `${c.protocol} for ${c.url}`))
      const ids = new Set(connections.map(({ id }) => id)).size
      assert(ids === 1, `${ids} connections`)
      return `${connections.length} responses`
    })
    await check('secure: the dashboard is live', async () => {
      await page.goto(new URL('/dashboard', secure).href)
      await page.locator('#status', { hasText: 'Live' }).waitFor()
    })
    await checkQuiet('secure', seen, secure.origin)
  }
  await context.close()
}

// --- Screenshots -------------------------------------------------------------------

async function takeScreenshot(page, file) {
  await check(`screenshot ${file.split('/').at(-1)}`, async () => {
    await page.evaluate(() => scrollTo(0, 0))
    // The opening picture moves; let what moves in it come into view.
    await page.waitForTimeout(600)
    await page.screenshot({ path: file, fullPage: true })
  })
}

async function checkVariant(browser, { url, screenshot }, suffix, options) {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(STEP_MS)
  const page = await context.newPage()
  const seen = watch(page)
  await check(`${suffix}: the page renders`, async () => {
    await page.goto(url.href, { waitUntil: 'load' })
    await headline(page)
    for (const path of PATHS) await press(page, path)
    await revealLazy(page)
  })
  await check(`${suffix}: fits the width`, async () => {
    const [content, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
    assert(content <= width, `content is ${content} px wide in a window of ${width} px`)
    return `${width} px`
  })
  await settle(page)
  await checkQuiet(suffix, seen, url.origin)
  await takeScreenshot(page, screenshot.replace(/\.png$/, `-${suffix}.png`))
  await context.close()
}

// --- Running ---------------------------------------------------------------------

async function runChecks(browser, options) {
  await checkSite(browser, options)
  if (options.landing) {
    await checkLanding(browser, options)
    await checkDashboard(browser, options)
  }
  if (options.secure) await checkSecure(browser, options)
  if (options.screenshot) {
    await checkVariant(browser, options, 'dark', {
      viewport: { width: 1280, height: 800 },
      colorScheme: 'dark',
    })
    await checkVariant(browser, options, 'phone', {
      viewport: { width: 390, height: 844 },
      deviceScaleFactor: 2,
      isMobile: true,
      hasTouch: true,
      colorScheme: 'light',
    })
  }
}

/** The only hosts the browser may look up. */
function hostRules({ url, landing, secure }) {
  const hosts = new Set([url.hostname, landing?.hostname, secure?.hostname].filter(Boolean))
  const excluded = [...hosts].map((host) => `EXCLUDE ${host.replace(/[[\]]/g, '')}`)
  return ['MAP * ~NOTFOUND', ...excluded].join(', ')
}

async function main() {
  const options = readArguments()
  let timer
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${OVERALL_MS / 1000} s`)), OVERALL_MS)
  })

  let browser
  try {
    const work = async () => {
      browser = await chromium.launch({
        executablePath: options.chromium,
        headless: true,
        timeout: OVERALL_MS / 2,
        args: [
          '--no-sandbox',
          '--disable-gpu',
          '--disable-quic',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
          `--host-resolver-rules=${hostRules(options)}`,
        ],
      })
      await runChecks(browser, options)
    }
    await Promise.race([work(), timeout])
  } catch (error) {
    over = true
    failed += 1
    console.log(`FAIL  ${firstLine(error)}`)
  } finally {
    clearTimeout(timer)
    // A browser that does not close in time is killed when this process exits.
    const patience = new Promise((resolve) => setTimeout(resolve, 5_000).unref())
    await Promise.race([browser?.close().catch(() => {}), patience])
  }

  console.log(`browser: ${passed} checks passed${failed > 0 ? `, ${failed} failed` : ''}`)
  process.exit(failed > 0 ? 1 : 0)
}

await main()
