// What a request takes, beside what it costs.

import { median } from '../statistics.js'
import { list, percent, prose, time, times, whole } from '../text.js'
import { html, table } from '../charts.js'
import { copyButton, entryFigures, name, scenarioNamed, shown, value } from '../shared.js'

/** Of all rounds together, since each has a dozen ticks only. */
function kernelShare(cells) {
  const cpu = cells.reduce((sum, cell) => sum + cell.cpu, 0)
  return cpu ? cells.reduce((sum, cell) => sum + cell.cpu * cell.kernel_share, 0) / cpu : null
}

/** Loads under which instructions were counted of anybody. */
function countedLoads({ results }) {
  const counted = results.causes.filter((cause) => cause.instructions !== null)
  const names = new Set(counted.map((cause) => cause.scenario))
  return results.scenarios.map(({ name }) => name).filter((one) => names.has(one))
}

/** What the column of instructions is, or why there is none. */
function aboutInstructions(loads, isCounted) {
  if (isCounted)
    return prose(
      'Instructions are those of our backends in user space, counted apart by callgrind, with one',
      'connection; it cannot end a wait in io_uring_enter, so uring has none.',
    )
  const elsewhere = loads.length ? `: they are under ${list(loads)}, with one connection` : ''
  return `Instructions are not counted under this load${elsewhere}.`
}

export function causes(lab) {
  const scenario = scenarioNamed(lab, lab.state.scenario)
  if (!scenario) return null
  const loads = countedLoads(lab)
  const isCounted = loads.includes(scenario.name)
  const measured = shown(lab).filter((entry) => lab.cells.of(scenario.name, entry.name).length > 0)
  const cpu = (entry) =>
    entryFigures(lab, scenario.name, entry.name)?.cpu?.estimate.median ?? Infinity
  const row = (entry) => {
    const cause = lab.results.causes.find(
      (one) => one.scenario === scenario.name && one.entry === entry.name,
    )
    const cells = lab.cells.counted(scenario.name, entry.name, 'cpu')
    const over = (place) => {
      const counted = cells.filter((cell) => cell.switches !== null)
      const each = counted.map((cell) => cell.switches[place] / cell.requests)
      return html('td', { class: 'n' }, value(median(each), times))
    }
    const calls = Object.entries(cause?.system_calls ?? {}).sort((a, b) => b[1] - a[1])
    return [
      name(entry),
      html('td', { class: 'n' }, cpu(entry) === Infinity ? 'void' : time(cpu(entry))),
      html(
        'td',
        { class: 'n' },
        value(cause?.system_calls ? calls.reduce((sum, [, count]) => sum + count, 0) : null, times),
      ),
      html(
        'td',
        { class: 'calls' },
        calls.map(([call, count]) => html('span', {}, html('code', {}, call), ` ${times(count)}`)),
      ),
      isCounted ? html('td', { class: 'n' }, value(cause?.instructions, whole)) : [],
      over(0),
      over(1),
      html('td', { class: 'n' }, value(cause?.switches, times)),
      html('td', { class: 'n' }, value(kernelShare(cells), percent)),
      html(
        'td',
        {},
        cause?.trace ? html('code', {}, cause.trace) : '–',
      ),
      html('td', {}, copyButton(lab, entry, scenario)),
    ].flat()
  }
  const rows = measured.sort((a, b) => cpu(a) - cpu(b)).map(row)
  const head = [
    'entry',
    'processor time',
    'system calls',
    'by name',
    isCounted ? 'instructions, one connection' : [],
    'waits and wake-ups',
    'preemptions',
    'switches of the core',
    'in the kernel',
    'trace',
    html('th', { scope: 'col' }, html('span', { class: 'hidden' }, 'command')),
  ].flat()
  return [
    html(
      'p',
      { class: 'soft' },
      prose(
        'For each request.',
        aboutInstructions(loads, isCounted),
        'Waits and preemptions are context switches, because a thread slept or had to give way.',
        'A wait ends with a wake-up, so there are as many of these; switches of the core are all,',
        'to its idle loop and back included. Traces are files of the repository.',
      ),
    ),
    table(`Causes in ${scenario.name}`, head, rows),
  ]
}
