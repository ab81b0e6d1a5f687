// What counts for nothing, and why.

import { list, plural, prose } from '../text.js'
import { html, table } from '../charts.js'
import { copyButton, details, scenarioNamed } from '../shared.js'

/** Reasons that differ only in their numbers are one reason. */
export function voids(lab) {
  const groups = new Map()
  for (const cell of lab.results.cells) {
    for (const one of cell.void) {
      const kind = one.reason.replace(/\d[\d.,]*/g, '…')
      if (!groups.has(kind)) groups.set(kind, [])
      groups.get(kind).push({ cell, ...one })
    }
  }
  const total = [...groups.values()].reduce((sum, group) => sum + group.length, 0)
  if (total === 0)
    return [html('p', {}, `Nothing: all ${plural(lab.results.cells.length, 'measurement')} count.`)]
  const group = ([kind, all]) => {
    const rows = all.map(({ cell, figure: of, reason: text }) => [
      cell.scenario,
      cell.entry,
      html('td', { class: 'n' }, String(cell.round + 1)),
      of,
      text,
      html('td', {}, copyOf(lab, cell)),
    ])
    const where = [...new Set(all.map(({ cell }) => cell.scenario))]
    return details(`${kind}: ${plural(all.length, 'time')}, in ${list(where, 3)}`, () =>
      table(
        kind,
        [
          'scenario',
          'entry',
          'round',
          'figure',
          'reason',
          html('th', { scope: 'col' }, html('span', { class: 'hidden' }, 'command')),
        ],
        rows,
      ),
    )
  }
  const sorted = [...groups].sort((a, b) => b[1].length - a[1].length)
  return [
    html(
      'p',
      {},
      prose(
        `${plural(total, 'figure')} of ${plural(lab.results.cells.length, 'measurement')}.`,
        'None of them is in a median or a percentile above.',
      ),
    ),
    sorted.map(group),
  ]
}

function copyOf(lab, cell) {
  const entry = lab.results.entries.find((one) => one.name === cell.entry)
  const scenario = scenarioNamed(lab, cell.scenario)
  return entry && scenario ? copyButton(lab, entry, scenario) : ''
}
