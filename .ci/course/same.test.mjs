// That a module which differs is found, and that all that a page loads is small.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import test from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { differences, load } from './same.mjs'

const THEME = new URL('../../book/theme/', import.meta.url)
const MOST = 200_000
const REQUEST = 'receive GET /echo/a HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n'

/** The module with other bytes in one place. */
function spoiled(gzip, from, to) {
  const module = gunzipSync(Buffer.from(gzip, 'base64'))
  const at = module.indexOf(from)
  assert.notEqual(at, -1, `${from} is not in the module`)
  module.write(to, at)
  return gzipSync(module).toString('base64')
}

test('the module answers as a server does', async () => {
  const [answer] = await load().run([`${REQUEST}\nshow statuses`])
  assert.deepEqual(answer.shown, ['200'])
  assert.match(answer.steps[0].out, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\na$/)
})

test('a module that differs is found', async () => {
  const live = load()
  const answers = (await live.text(REQUEST)).split('\n')
  assert.deepEqual(await differences(live.text, [REQUEST], answers), [])
  const { gzip } = globalThis.LIVE_MODULE
  globalThis.LIVE_MODULE.gzip = spoiled(gzip, 'content-length: ', 'content-lengxh: ')
  const { text } = reload()
  const found = await differences(text, [REQUEST], answers)
  assert.equal(found.length, 1)
  assert.match(found[0].answer, /content-lengxh/)
})

test('the module names no folder of the machine that built it', () => {
  load()
  const module = gunzipSync(Buffer.from(globalThis.LIVE_MODULE.gzip, 'base64')).toString('latin1')
  assert.ok(module.includes('/cargo/src/tokio-'))
  assert.equal(module.match(/registry\/src|\/home\/|\/root\//g), null)
})

/** Another `Live`, which compiles the module that is there now. */
function reload() {
  const run = readFileSync(new URL('live/run.js', THEME), 'utf8')
  ;(0, eval)(run)
  return globalThis.Live
}

test('scripts and module are small', () => {
  const files = [
    ...readdirSync(new URL('live/', THEME)).map((name) => `live/${name}`),
    'quiz.js',
    'live.css',
  ]
  const bytes = files.map((name) => gzipSync(readFileSync(new URL(name, THEME))).length)
  const sum = bytes.reduce((all, one) => all + one, 0)
  console.log(`${sum} bytes compressed`)
  assert.ok(
    sum <= MOST,
    `${sum} bytes: ${files.map((name, at) => `${name} ${bytes[at]}`).join(', ')}`,
  )
})
