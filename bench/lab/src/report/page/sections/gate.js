// Who answered rightly before anything was measured.

import { list, prose, whole } from '../text.js'
import { html, table } from '../charts.js'
import { name } from '../shared.js'

export function gate(lab) {
  const entries = lab.results.entries.filter((entry) => entry.twin_of === null)
  const refused = entries.filter((entry) => entry.gate.failed)
  const sentence = refused.length
    ? `Wrong answers came from ${list(refused.map((entry) => entry.name))}: there are no figures.`
    : 'All entries answered rightly.'
  const row = (entry) => [
    name(entry),
    entry.version,
    html('td', { class: entry.gate.failed ? 'void' : '' }, entry.gate.failed ?? 'all right'),
    html('td', { class: 'n' }, whole(entry.gate.tried)),
    html(
      'td',
      { class: 'n' },
      entry.gate.conformance ? entry.gate.conformance.map(whole).join(' of ') : '–',
    ),
  ]
  const sorted = [...refused, ...entries.filter((entry) => !entry.gate.failed)]
  return [
    html(
      'p',
      {},
      prose(
        'Before anything is measured, each server is asked whole, a byte at a time, split at each',
        `place, in a pipeline, and closed after the response. ${sentence}`,
      ),
    ),
    table(
      'The gate',
      ['entry', 'version', 'result', 'exchanges', 'conformance cases'],
      sorted.map(row),
    ),
  ]
}
