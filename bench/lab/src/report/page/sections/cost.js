// Processor time and throughput of all entries in one scenario, as bars.

import { FIGURES } from '../figures.js'
import { percent, plural, range, ratio } from '../text.js'
import { bar, html, table } from '../charts.js'
import { FIGURE_NAMES, KINDS, MARKS, PRINTED } from '../shared.js'
import { copyButton, entryFigures, name, scenarioNamed, shown } from '../shared.js'

export function cost(lab) {
  const scenario = scenarioNamed(lab, lab.state.scenario)
  if (!scenario) return null
  const tables = ['cpu', 'rate'].map((of) => barTable(lab, scenario, of))
  const loop =
    scenario.load === null
      ? 'closed loop'
      : `open loop, offered ${percent(scenario.load)} of each one's capacity`
  return [
    html(
      'p',
      {},
      html('b', {}, scenario.summary),
      ` ${plural(scenario.connections, 'connection')}, ${loop}.`,
    ),
    html('div', { class: 'columns even' }, tables),
    legend(),
  ]
}

function legend() {
  const item = (kind) =>
    html(
      'span',
      {},
      html('span', { class: `mark ${kind}`, 'aria-hidden': 'true' }, MARKS[kind]),
      ` ${KINDS[kind]}`,
    )
  return html(
    'p',
    { class: 'legend soft' },
    Object.keys(KINDS).map(item),
    html('span', {}, '= the best of ours and the peers, or tied with it'),
    html('span', {}, 'thin line: where the median is with 95 % confidence'),
  )
}

function barTable(lab, scenario, of) {
  const print = PRINTED[of]
  const judged = (entry) => entryFigures(lab, scenario.name, entry.name)?.[of] ?? null
  const measured = shown(lab).filter((entry) => entryFigures(lab, scenario.name, entry.name))
  const known = measured
    .filter(judged)
    .sort((a, b) =>
      FIGURES[of].better(judged(a).estimate.median, judged(b).estimate.median) ? -1 : 1,
    )
  const most = Math.max(
    ...known.map((e) => judged(e).estimate.interval?.high ?? 0),
    ...known.map((e) => judged(e).estimate.median),
  )
  const row = (entry) => {
    const { estimate, floor, tied } = judged(entry)
    return [
      name(entry),
      html('td', { class: 'bars' }, bar(estimate, most, entry.kind)),
      html(
        'td',
        { class: 'n' },
        html('b', {}, print(estimate.median)),
        tied
          ? html(
              'span',
              { class: 'tied', title: 'tied with the best' },
              ' =',
              html('span', { class: 'hidden' }, ' tied with the best'),
            )
          : null,
      ),
      html('td', { class: 'n soft' }, range(estimate.interval, print)),
      html('td', { class: 'n' }, floor ? ratio(floor.median) : '–'),
      html('td', {}, copyButton(lab, entry, scenario)),
    ]
  }
  const lost = measured
    .filter((entry) => !judged(entry))
    .map((entry) => [
      name(entry),
      html('td', { colspan: 4, class: 'void' }, `void: ${reason(lab, scenario, entry, of)}`),
      html('td', {}, copyButton(lab, entry, scenario)),
    ])
  const head = [
    'entry',
    html('th', { scope: 'col', class: 'bars' }, html('span', { class: 'hidden' }, 'picture')),
    'median',
    '95 %',
    '÷\u00a0floor',
    html('th', { scope: 'col' }, html('span', { class: 'hidden' }, 'command')),
  ]
  return table(`${FIGURE_NAMES[of]} in ${scenario.name}`, head, [...known.map(row), ...lost], {
    class: 'bartable',
    'data-figure': of,
  })
}

function reason(lab, scenario, entry, of) {
  const all = lab.cells.of(scenario.name, entry.name).flatMap((cell) => cell.void)
  return (
    all.find((one) => one.figure === 'all' || one.figure === of)?.reason ??
    'no request was answered'
  )
}
