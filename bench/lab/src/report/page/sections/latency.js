// Latency from open loops: by percentile, by load, and beyond capacity.

import { estimateMedian } from '../statistics.js'
import { PERCENTILES, competes, knee, openLoops } from '../figures.js'
import { duration, percent, percentileName, prose, range, tick, time, whole } from '../text.js'
import { axis, decades, html, panel, plot, table } from '../charts.js'
import { TICKS, copyButton, entryFigures, name, panelsOf, shown, value } from '../shared.js'


export function latency(lab) {
  const scenarios = openLoops(lab.results).sort((a, b) => a.load - b.load)
  if (scenarios.length === 0) return null
  const unburdened = scenarios.filter(({ group }) => group === 'latency')
  const scenario = scenarios.find((one) => one.name === lab.state.load) ?? scenarios[0]
  return [
    html(
      'p',
      { class: 'soft' },
      prose(
        'From an open loop: latency counts from the moment at which a request was scheduled,',
        'even if no connection was free then. A percentile is printed if its interval of 95 %',
        'is no wider than 10 % and ten requests at least were slower; otherwise the page says',
        'how much longer it would have to be measured.',
      ),
    ),
    percentileTable(lab, scenario),
    html('h3', {}, 'By percentile'),
    percentilePanels(lab, unburdened),
    unburdened.length < 3 ? null : [html('h3', {}, 'By load'), loadPanels(lab, unburdened)],
    overload(
      lab,
      lab.results.scenarios.filter(({ load }) => load > 1),
    ),
  ]
}

function percentileTable(lab, scenario) {
  const known = (entry) => entryFigures(lab, scenario.name, entry.name)
  const entries = shown(lab)
    .filter((entry) => known(entry)?.mean)
    .sort((a, b) => known(a).mean.median - known(b).mean.median)
  const printed = ({ value: at, interval, needs }) =>
    needs > 0
      ? html('td', { class: 'needs' }, `needs ${duration(needs)} more`)
      : html('td', { class: 'n', title: range(interval, time) }, time(at))
  const row = (entry) => {
    const { mean, percentiles } = known(entry)
    const cells = percentiles.length ? percentiles.map(printed) : PERCENTILES.map(() => '–')
    return [
      name(entry),
      html('td', { class: 'n', title: range(mean.interval, time) }, time(mean.median)),
      ...cells,
      html('td', {}, copyButton(lab, entry, scenario)),
    ]
  }
  const head = [
    'entry',
    'mean',
    ...PERCENTILES.map(percentileName),
    html('th', { scope: 'col' }, html('span', { class: 'hidden' }, 'command')),
  ]
  return table(`Latency in ${scenario.name}`, head, entries.map(row), { class: 'latency' })
}

/** How far on the axis of percentiles: 90 % is at 1, 99 % at 2, 99.9 % at 3. */
const nines = (fraction) => -Math.log10(1 - fraction)

const LOAD_LINES = ['load-low', 'load-some', 'load-middle', 'load-high']

function percentilePanels(lab, scenarios) {
  const step = (LOAD_LINES.length - 1) / Math.max(1, scenarios.length - 1)
  const kinds = new Map(
    scenarios.map(({ name: scenario }, number) => [
      scenario,
      LOAD_LINES[Math.round(number * step)],
    ]),
  )
  const lines = (entry) =>
    scenarios.flatMap(({ name: scenario }) => {
      const figures = entryFigures(lab, scenario, entry.name)
      const trusted = (figures?.percentiles ?? [])
        .filter(({ needs }) => needs === 0)
        .map(({ fraction }) => fraction)
      if (!figures?.percentiles.length) return []
      const histograms = lab.histograms(scenario, entry.name)
      const curve = (from, to) =>
        Array.from({ length: 41 }, (_, step) => from + ((to - from) * step) / 40).map((at) => [
          at,
          histograms.percentile(1 - 10 ** -at),
        ])
      const last = nines(trusted.at(-1) ?? 0)
      const kind = kinds.get(scenario)
      return [
        { kind, points: last > 0 ? curve(0, last) : [] },
        { kind: `${kind} doubtful`, points: last < 4 ? curve(last, 4) : [] },
      ]
    })
  const entries = lab.results.entries.filter(
    (e) => competes(e) && scenarios.some((s) => entryFigures(lab, s.name, e.name)),
  )
  const drawn = new Map(entries.map((entry) => [entry, lines(entry)]))
  const y = decades(
    [...drawn.values()].flat().flatMap(({ points }) => points.map(([, at]) => at)),
    TICKS.cpu,
  )
  const x = axis(
    [0, 0.9, 0.99, 0.999, 0.9999].map((fraction) => [
      nines(fraction),
      fraction === 0 ? 'p0' : percentileName(fraction),
    ]),
  )
  const one = (entry) =>
    panel(
      entry.name,
      '',
      plot({
        label: `Latency of ${entry.name} by percentile; the table has the figures`,
        x,
        y,
        xName: '',
        lines: drawn.get(entry),
      }),
    )
  const key = scenarios.map(({ name: scenario }) =>
    html(
      'span',
      {},
      html('i', { class: `key ${kinds.get(scenario)}`, 'aria-hidden': 'true' }),
      ` ${scenario}`,
    ),
  )
  return [
    html('p', { class: 'legend soft' }, key, html('span', {}, 'faint: too few samples to believe')),
    panelsOf(lab, entries, one),
  ]
}

function loadPanels(lab, scenarios) {
  const means = (entry) =>
    scenarios.flatMap(({ name: scenario, load }) => {
      const mean = entryFigures(lab, scenario, entry.name)?.mean
      return mean ? [[load * 100, mean.median]] : []
    })
  const tails = (entry) =>
    scenarios.flatMap(({ name: scenario, load }) => {
      const p99 = entryFigures(lab, scenario, entry.name)?.percentiles.find(
        ({ fraction, needs }) => fraction === 0.99 && needs === 0,
      )
      return p99 ? [[load * 100, p99.value]] : []
    })
  const entries = lab.results.entries.filter((entry) => competes(entry) && means(entry).length > 1)
  const y = decades(
    entries.flatMap((entry) => [...means(entry), ...tails(entry)]).map(([, at]) => at),
    TICKS.cpu,
  )
  const ticks = [0, ...scenarios.map(({ load }) => load * 100)]
  const x = axis(ticks.map((load) => [load, tick(load)]))
  const one = (entry) => {
    const band = knee(means(entry))
    const note = band ? `knee between ${tick(band[0])} % and ${tick(band[1])} %` : 'no knee'
    const label = `Latency of ${entry.name} by load: ${means(entry)
      .map(([load, at]) => `mean ${time(at)} at ${tick(load)} %`)
      .join(', ')}; ${note}`
    return panel(
      entry.name,
      note,
      plot({
        label,
        x,
        y,
        xName: 'offered, % of capacity',
        band,
        lines: [
          { kind: entry.kind, points: means(entry), dots: true },
          { kind: 'base', points: tails(entry), dots: true },
        ],
      }),
    )
  }
  return [
    html(
      'p',
      { class: 'soft' },
      prose(
        'The mean, and dashed p99 where it can be believed.',
        'The knee is where the mean has more than doubled since the lowest load.',
      ),
    ),
    panelsOf(lab, entries, one),
  ]
}

function overload(lab, scenarios) {
  const of = (scenario) => {
    const row = (entry) => {
      const cells = lab.cells.counted(scenario.name, entry.name, 'rate')
      const offered = estimateMedian(cells.flatMap((cell) => cell.offered ?? []))
      const rate = entryFigures(lab, scenario.name, entry.name)?.rate?.estimate
      if (!offered || !rate) return null
      const recovery = estimateMedian(cells.flatMap((cell) => cell.recovery ?? []))
      const capacity = offered.median / scenario.load
      return [
        name(entry),
        html('td', { class: 'n' }, whole(offered.median)),
        html('td', { class: 'n' }, whole(rate.median)),
        html('td', { class: 'n' }, percent(rate.median / capacity)),
        html('td', { class: 'n' }, value(recovery?.median, time)),
        html('td', {}, copyButton(lab, entry, scenario)),
      ]
    }
    const head = [
      'entry',
      'offered per second',
      'answered per second',
      'of its capacity',
      'time to recover',
      html('th', { scope: 'col' }, html('span', { class: 'hidden' }, 'command')),
    ]
    return table(
      `Overload: ${scenario.name}`,
      head,
      shown(lab)
        .map(row)
        .filter((cells) => cells !== null),
    )
  }
  return scenarios.length === 0
    ? null
    : [html('h3', {}, 'Beyond capacity, and after it'), scenarios.map(of)]
}
