// What is wrong with a page is found: each of these has one thing wrong.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

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
}

test('what is wrong with a page is found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pages-'))
  try {
    for (const [name, [body]] of Object.entries(PAGES))
      writeFileSync(
        join(folder, name),
        `<!doctype html><meta name="viewport" content="width=device-width"><main>${body}</main>`,
      )
    const script = join(import.meta.dirname, 'pages.mjs')
    const args = [script, folder, '--chromium', process.env.CHROMIUM]
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
