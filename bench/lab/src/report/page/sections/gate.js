// Who answered rightly before anything was measured.

import { list, plural, prose, whole } from '../text.js'
import { html, table } from '../charts.js'
import { details, name } from '../shared.js'

export function gate(lab) {
  const entries = lab.results.entries.filter((entry) => entry.twin_of === null)
  const failed = entries.filter((entry) => entry.gate.failed)
  const sentence = failed.length
    ? `Wrong answers came from ${list(failed.map((entry) => entry.name))}: there are no figures.`
    : 'All entries answered rightly.'
  const row = (entry) => [
    name(entry),
    entry.version,
    result(entry),
    html('td', { class: 'n' }, whole(entry.gate.tried)),
    html(
      'td',
      { class: 'n' },
      entry.gate.conformance ? entry.gate.conformance.map(whole).join(' of ') : '–',
    ),
  ]
  const sorted = [...failed, ...entries.filter((entry) => !entry.gate.failed)]
  return [
    html(
      'p',
      {},
      prose(
        'Before anything is measured, each server is asked whole, a byte at a time, split at each',
        `place, in a pipeline, and closed after the response. ${sentence} What an entry claims`,
        'besides (files, uploads, HTTP/2, TLS, WebSocket) is tried under each load, and has no',
        'figures where a byte of a response was wrong.',
      ),
    ),
    table(
      'The gate',
      ['entry', 'version', 'result', 'exchanges', 'conformance cases'],
      sorted.map(row),
    ),
    ...entries.filter((entry) => entry.gate.nonconforming.length > 0).map(nonconforming),
  ]
}

function result({ gate: { failed, refused } }) {
  if (failed) return html('td', { class: 'void' }, failed)
  if (refused.length === 0) return html('td', {}, 'all right')
  const sentences = refused.map(({ scenario, reason }) => `no figures in ${scenario}: ${reason}`)
  return html('td', { class: 'void' }, sentences.join('; '))
}

/** The conformance cases that an entry did not pass: with others than ours they decide nothing. */
function nonconforming(entry) {
  const cases = entry.gate.nonconforming
  const summary = `${entry.name}: ${plural(cases.length, 'conformance case')} did not pass`
  return details(summary, () => html('ul', {}, ...cases.map((one) => html('li', {}, one))))
}
