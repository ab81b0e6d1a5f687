// Runs the committed module on the inputs that `cargo test -p live` has recorded, and compares what
// it says with what the same code says natively.
//
//   node same.mjs DIRECTORY
//
// DIRECTORY has `scripts.txt`, separated by lines of `===`, and `answers.txt`, a line for each.
// Exits with 0 if all are the same to the byte, 1 if one differs, 2 if it was called wrongly.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInThisContext } from 'node:vm'

const THEME = new URL('../../book/theme/live/', import.meta.url)
const SEPARATOR = '\n===\n'
const FEWEST = 1000
const AT_ONCE = 200

/** Makes `Live` and `LIVE_MODULE` of the course's files. */
export function load() {
  for (const file of ['module.js', 'run.js']) {
    runInThisContext(readFileSync(new URL(file, THEME), 'utf8'), { filename: file })
  }
  return globalThis.Live
}

/** Where the answers of a module, which is run by `text`, are not those that are expected. */
export async function differences(text, scripts, answers) {
  const found = []
  for (let at = 0; at < scripts.length; at += AT_ONCE) {
    const some = scripts.slice(at, at + AT_ONCE)
    const lines = (await text(some.join(SEPARATOR))).split('\n')
    if (lines.length !== some.length) {
      found.push({
        at,
        script: some[0],
        expected: `${some.length} lines`,
        answer: `${lines.length}`,
      })
    }
    some.forEach((script, place) => {
      const [expected, answer] = [answers[at + place], lines[place]]
      if (answer !== expected) found.push({ at: at + place, script, expected, answer })
    })
  }
  return found
}

async function main(directory) {
  if (!directory) {
    console.error('usage: node same.mjs DIRECTORY')
    return 2
  }
  const scripts = readFileSync(join(directory, 'scripts.txt'), 'utf8').split(SEPARATOR)
  const answers = readFileSync(join(directory, 'answers.txt'), 'utf8').split('\n')
  if (scripts.length < FEWEST || scripts.length !== answers.length) {
    console.error(
      `${scripts.length} scripts and ${answers.length} answers: too few, or not as many`,
    )
    return 1
  }
  const found = await differences(load().text, scripts, answers)
  for (const { at, script, expected, answer } of found.slice(0, 3)) {
    console.error(
      `Script ${at} differs:\n${script}\n  natively: ${expected}\n  module:   ${answer}`,
    )
  }
  console.log(
    `${scripts.length} recorded inputs, ${found.length} with other bytes, waits or states.`,
  )
  return found.length === 0 ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv[2])
}
