// What becomes of a figure with more connections.

import { whole } from '../text.js'
import { axis, decades, html, panel, plot, table } from '../charts.js'
import { FIGURE_NAMES, PRINTED, TICKS } from '../shared.js'
import { details, entryFigures, name, panelsOf, value } from '../shared.js'

export function scaling(lab) {
  const scenarios = lab.results.scenarios
    .filter((one) => one.group === 'connections')
    .sort((a, b) => a.connections - b.connections)
  if (scenarios.length < 2) return null
  const of = lab.state.figure
  const points = (entry) =>
    scenarios.flatMap(({ name: scenario, connections }) => {
      const judged = entryFigures(lab, scenario, entry.name)?.[of]
      return judged ? [[connections, judged.estimate.median]] : []
    })
  const everybody = lab.results.entries.filter((e) => e.twin_of === null && points(e).length > 0)
  const x = axis(
    scenarios.map((one) => [one.connections, whole(one.connections)]),
    { log: true },
  )
  const y = decades(
    everybody.flatMap((e) => points(e).map(([, number]) => number)),
    TICKS[of],
    [1, 2, 5],
  )
  const one = (entry) => {
    const others = everybody
      .filter((other) => other !== entry)
      .map((other) => ({ kind: 'other', points: points(other) }))
    const floor = everybody
      .filter((other) => other.name === entry.floor)
      .map((other) => ({ kind: 'base', points: points(other) }))
    const own = { kind: entry.kind, points: points(entry), dots: true }
    const label = `${FIGURE_NAMES[of]} of ${entry.name}: ${points(entry)
      .map(([a, b]) => `${PRINTED[of](b)} with ${a} connections`)
      .join(', ')}`
    return panel(
      entry.name,
      entry.floor ? `dashed: ${entry.floor}` : '',
      plot({ label, x, y, xName: 'connections', lines: [...others, ...floor, own] }),
    )
  }
  const rows = everybody.map((entry) => [
    name(entry),
    ...scenarios.map(({ name: scenario }) =>
      html(
        'td',
        { class: 'n' },
        value(entryFigures(lab, scenario, entry.name)?.[of]?.estimate.median, PRINTED[of]),
      ),
    ),
  ])
  return [
    html(
      'p',
      { class: 'soft' },
      `Medians of ${FIGURE_NAMES[of]}; both axes are logarithmic. Grey lines are all others.`,
    ),
    panelsOf(lab, everybody, one),
    details(
      'As a table',
      table(
        `${FIGURE_NAMES[of]} by connections`,
        ['entry', ...scenarios.map((s) => whole(s.connections))],
        rows,
      ),
    ),
  ]
}
