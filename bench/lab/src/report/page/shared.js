// What several sections need: who is shown, under which name, and with which command.

import { differ, median } from './statistics.js'
import { best, isKnown } from './figures.js'
import { commands, plural, tick, time, whole } from './text.js'
import { html, svg } from './charts.js'

export const KINDS = { ours: 'ours', floor: 'floors', peer: 'peers' }
export const MARKS = { ours: '●', floor: '◇', peer: '▲' }
export const FIGURE_NAMES = { cpu: 'processor time per request', rate: 'requests per second' }
export const PRINTED = { cpu: time, rate: whole }
export const TICKS = { cpu: (at) => time(at, tick), rate: whole }

/** Whose figures are shown: of the kinds that are chosen, and no twins. */
export function shown(lab) {
  return lab.results.entries.filter((e) => e.twin_of === null && lab.state.kinds.has(e.kind))
}

export function ours(lab) {
  return lab.results.entries.filter((entry) => entry.twin_of === null && entry.kind === 'ours')
}

export function figuresOf(lab, scenario) {
  return lab.figures.scenarios.find((figures) => figures.scenario === scenario)
}

export function entryFigures(lab, scenario, entry) {
  return figuresOf(lab, scenario)?.entries.find((figures) => figures.entry === entry) ?? null
}

export function name(entry) {
  const mark = html(
    'span',
    { class: `mark ${entry.kind}`, 'aria-hidden': 'true' },
    MARKS[entry.kind],
  )
  const kind = html('span', { class: 'hidden' }, ` (${KINDS[entry.kind]})`)
  return html('th', { scope: 'row', 'data-entry': entry.name }, mark, '\u00a0', entry.name, kind)
}

export function copyButton(lab, entry, scenario) {
  const label = `Copy the command for ${entry.name} in ${scenario.name}`
  const text = () => commands(entry, scenario, offered(lab, entry, scenario))
  const onclick = () => lab.copy(text(), `The command for ${entry.name} in ${scenario.name}`)
  return html('button', { class: 'copy', 'aria-label': label, title: label, onclick }, copyIcon())
}

/** What an entry was offered in an open loop, in requests per second. */
function offered(lab, entry, scenario) {
  const rates = lab.cells.of(scenario.name, entry.name).map((cell) => cell.offered)
  const rate = median(rates.filter((one) => one !== null))
  return rate === null ? null : Math.round(rate)
}

export function copyIcon() {
  return svg(
    'svg',
    { viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    svg('path', { d: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3' }),
  )
}

export function scenarioNamed(lab, scenario) {
  return lab.results.scenarios.find((other) => other.name === scenario)
}

export function value(number, print) {
  return number === null || number === undefined ? '–' : print(number)
}

/** The names that are best or tied with the best of some entries, for each scenario with any. */
export function winners(lab, entries, figureName) {
  return lab.figures.scenarios.flatMap(({ scenario, resolution, entries: all }) => {
    const named = new Map(all.map((one) => [one.entry, one[figureName]?.estimate ?? null]))
    const candidates = entries.filter((entry) => isKnown(named.get(entry.name) ?? null))
    const first = best(
      candidates.map((entry) => named.get(entry.name)),
      figureName,
    )
    const tied = candidates.filter((e) => !differ(named.get(e.name), first, resolution[figureName]))
    return candidates.length < 2 ? [] : [{ scenario, first, named, tied: tied.map((e) => e.name) }]
  })
}

/** A panel for each of ours; those of peers are folded, and drawn when they are unfolded. */
export function panelsOf(lab, entries, one) {
  const of = (kind) => entries.filter((entry) => entry.kind === kind)
  const peers = of('peer')
  return [
    html('div', { class: 'panels' }, of('ours').map(one)),
    peers.length
      ? details(`The same for ${plural(peers.length, 'peer')}`, () =>
          html('div', { class: 'panels' }, peers.map(one)),
        )
      : null,
  ]
}

export function details(summary, content) {
  const element = html('details', {}, html('summary', {}, summary))
  if (typeof content !== 'function') element.append(content)
  else element.addEventListener('toggle', () => element.append(content()), { once: true })
  return element
}
