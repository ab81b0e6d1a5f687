// What is wrong with a page is found: each of these has one thing wrong.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

/** A figure with a box and a mark. */
const figure = (box, mark) =>
  `<svg viewBox="0 0 300 20" style="width: 300px; stroke: #000; fill: none">
  <rect class="box" style="${box}"/><rect class="mark" style="${mark}"/></svg><p>Text</p>`

const FOOT = '<footer class="source"><a href="good.html"></a></footer>'

/** Of each page: what is in it, what is said of it, and its foot if it has another. */
const PAGES = {
  'good.html': ['<p>Text</p>', null],
  'small.html': ['<p style="font-size: 10px">Text</p>', 'has 10.0 px'],
  'figure.html': [
    '<svg viewBox="0 0 2000 20" style="width: 100%"><text y="12" font-size="12">Text</text></svg>',
    / has \d\.\d px/,
  ],
  'faint.html': ['<p style="color: #999">Text</p>', 'has a contrast of 2.85'],
  'wide.html': ['<p>Text</p><div style="width: 2000px; height: 1px"></div>', 'the page is 20'],
  'listing.html': [`<pre style="overflow: auto"><code style="display: block; overflow: auto">${'x'.repeat(400)}</code></pre>`, 'a listing is'],
  'error.html': ['<p>Text</p><script>console.error("no")</script>', 'console: no'],
  'throws.html': ['<p>Text</p><script>throw new Error("no")</script>', 'uncaught: no'],
  'empty.html': ['', 'there is no text'],
  'late.html': [
    `<p>Text</p><div class="live" data-figure="x"></div><script>setTimeout(() => {
    document.querySelector('.live').innerHTML =
      '<p class="live-title">Title</p><p style="font-size: 10px">Text</p>' }, 100)</script>`,
    'has 10.0 px',
  ],
  'never.html': ['<div class="live" data-figure="x">Text</div>', 'a figure or a quiz is not drawn'],
  'answer.html': [
    `<p>Text</p><div class="quiz" data-ready="0">
    <form onsubmit="event.preventDefault(); this.querySelector('p').hidden = false">
    <input type="checkbox"><p hidden style="font-size: 10px">Reason</p></form></div>`,
    '"Reason" has 10.0 px',
  ],
  'apart.html': [figure('stroke-width: 1', 'stroke-width: 2.5'), null],
  'filled.html': [figure('fill: #fff', 'fill: #888'), null],
  'alike.html': [figure('fill: #eee', 'fill: #cdf'), 'a mark looks like a box'],
  'caption.html': ['<figure><figcaption>Grey: idle</figcaption></figure>', 'names a colour'],
  'footless.html': ['<p>Text</p>', 'its foot does not say what it is made from', ''],
  'astray.html': ['<p>Text</p>', 'none.txt, which is not there', FOOT.replace('good.html', 'none.txt')],
}

test('what is wrong with a page is found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pages-'))
  try {
    for (const [name, [body, , foot = FOOT]] of Object.entries(PAGES))
      writeFileSync(
        join(folder, name),
        `<!doctype html><meta name="viewport" content="width=device-width"><main>${body}${foot}</main>`,
      )
    const script = join(import.meta.dirname, 'pages.mjs')
    const args = [script, folder, '--chromium', process.env.CHROMIUM, '--patience', '3000']
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    assert.equal(status, 1, stdout)
    for (const [name, [, complaint]] of Object.entries(PAGES)) {
      const [line, first] = stdout.slice(stdout.indexOf(`${name}, desk, light`) - 6).split('\n')
      assert.equal(line.startsWith('FAIL'), complaint !== null, `${name}: ${line}`)
      if (complaint !== null)
        assert.ok(first.match(complaint), `${name}: ${first}, not ${complaint}`)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
