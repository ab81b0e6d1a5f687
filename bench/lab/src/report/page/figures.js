// What results come to: estimates, ties, and which figures count for nothing. This is
// `figures.rs` in JavaScript, and names everything alike.

import { FEWEST_ROUNDS, Histograms, differ, median } from './statistics.js'
import { estimateMedian, estimateRatio, resolutionOf } from './statistics.js'

/** The percentiles that are looked at, as fractions. */
export const PERCENTILES = [0.5, 0.9, 0.99, 0.999, 0.9999]

/** A percentile counts if its interval is no wider than this, relative to itself, */
const WIDEST = 0.1

/** and if so many values at least are beyond it: the interval cannot know what never happened. */
const FEWEST_BEYOND = 10

/** The figures of a cell: how each is computed, and which is better. */
export const FIGURES = {
  rate: { of: (cell) => cell.requests / cell.seconds, better: (a, b) => a > b },
  cpu: { of: (cell) => cell.cpu / cell.requests, better: (a, b) => a < b },
  latency: { of: (cell) => cell.mean, better: (a, b) => a < b },
}

/** Whether a figure of a cell counts. */
export function counts(cell, figure) {
  const isVoid = cell.void.some((one) => one.figure === 'all' || one.figure === figure)
  return !isVoid && cell.requests > 0 && cell.seconds > 0
}

/** The cells of each entry in each scenario, in the order in which they were measured. */
export class Cells {
  constructor(results) {
    this.byScenario = new Map()
    /** On a schedule that can be kept, the rate is what was offered: it is no figure. */
    this.scheduled = new Set(
      results.scenarios.filter(({ load }) => load !== null && load <= 1).map(({ name }) => name),
    )
    for (const cell of results.cells) {
      if (!this.byScenario.has(cell.scenario)) this.byScenario.set(cell.scenario, new Map())
      const entries = this.byScenario.get(cell.scenario)
      if (!entries.has(cell.entry)) entries.set(cell.entry, [])
      entries.get(cell.entry).push(cell)
    }
  }

  of(scenario, entry) {
    return this.byScenario.get(scenario)?.get(entry) ?? []
  }

  counted(scenario, entry, figure) {
    if (figure === 'rate' && this.scheduled.has(scenario)) return []
    return this.of(scenario, entry).filter((cell) => counts(cell, figure))
  }

  estimate(scenario, entry, figure) {
    return estimateMedian(this.counted(scenario, entry, figure).map(FIGURES[figure].of))
  }

  /** The ratio of two entries, from the rounds in which both count. */
  ratio(scenario, above, below, figure) {
    const { of } = FIGURES[figure]
    const others = new Map()
    for (const cell of this.counted(scenario, below, figure)) others.set(cell.round, of(cell))
    const both = this.counted(scenario, above, figure).filter(({ round }) => others.has(round))
    return estimateRatio(both.map((cell) => [of(cell), others.get(cell.round)]))
  }

  histograms(scenario, entry) {
    const cells = this.counted(scenario, entry, 'latency')
    return new Histograms(cells.map((cell) => cell.latency))
  }
}

/** Everything that is computed from the results for all of its sections. */
export function computeFigures(results, cells = new Cells(results)) {
  const own = results.scenarios.map(({ name }) => ({
    rate: twinResolution(results, cells, name, 'rate'),
    cpu: twinResolution(results, cells, name, 'cpu'),
  }))
  const ofAll = (of) => ({
    rate: of(own.map(({ rate }) => rate).filter((one) => one !== null)),
    cpu: of(own.map(({ cpu }) => cpu).filter((one) => one !== null)),
  })
  const [resolution, worst] = [ofAll(median), ofAll(largest)]
  const scenarios = results.scenarios.map((scenario, number) => {
    const rate = own[number].rate ?? worst.rate
    const cpu = own[number].cpu ?? worst.cpu
    return scenarioFigures(results, cells, scenario, { rate, cpu })
  })
  return { resolution, worst, scenarios }
}

/** What A/A shows: the most that the twins of a scenario may differ by. */
export function twinResolution(results, cells, scenario, figure) {
  const twins = results.entries.filter((entry) => entry.twin_of !== null)
  const ratio = ({ name, twin_of: twin }) => cells.ratio(scenario, name, twin, figure)
  return largest(twins.map((entry) => resolutionOf(ratio(entry))).filter((one) => one !== null))
}

function largest(values) {
  return values.length === 0 ? null : Math.max(...values)
}

function scenarioFigures(results, cells, scenario, resolution) {
  const { name, latency } = scenario
  const measured = results.entries.filter((entry) => cells.of(name, entry.name).length > 0)
  const rate = judge(cells, name, measured, 'rate', resolution.rate)
  const cpu = judge(cells, name, measured, 'cpu', resolution.cpu)
  const entries = measured.map((entry, number) => ({
    entry: entry.name,
    rate: rate[number],
    cpu: cpu[number],
    mean: latency ? cells.estimate(name, entry.name, 'latency') : null,
    percentiles: latency ? percentiles(cells, name, entry.name) : [],
  }))
  return { scenario: name, resolution, entries }
}

/** Floors do not speak HTTP, and a twin is only there for A/A: neither can be the best. */
export function competes(entry) {
  return entry.kind !== 'floor' && entry.twin_of === null
}

/** Whether there is an estimate, from enough rounds for an interval. */
export function isKnown(estimate) {
  return estimate !== null && estimate.interval !== null
}

/** The best of estimates, of which some may be `null`. */
export function best(estimates, figure) {
  const { better } = FIGURES[figure]
  const known = estimates.filter(isKnown)
  return known.reduce((a, b) => (a === null || better(b.median, a.median) ? b : a), null)
}

/** One figure of all entries, with who is best or tied with the best. */
function judge(cells, scenario, entries, figure, resolution) {
  const estimates = entries.map((entry) => cells.estimate(scenario, entry.name, figure))
  const first = best(
    estimates.filter((_, number) => competes(entries[number])),
    figure,
  )
  return entries.map((entry, number) => {
    const estimate = estimates[number]
    if (estimate === null) return null
    const floor = entry.floor && cells.ratio(scenario, entry.name, entry.floor, figure)
    const tied = competes(entry) && isKnown(estimate) && !differ(estimate, first, resolution)
    return { estimate, floor: floor ?? null, tied }
  })
}

function percentiles(cells, scenario, entry) {
  const histograms = cells.histograms(scenario, entry)
  if (histograms.rounds === 0) return []
  const counted = cells.counted(scenario, entry, 'latency')
  const seconds = counted.reduce((sum, cell) => sum + cell.seconds, 0)
  return PERCENTILES.map((fraction) => {
    const value = histograms.percentile(fraction)
    const interval = histograms.interval(fraction)
    const needs = secondsMissing(value, interval, histograms.beyond(fraction), seconds)
    return { fraction, value, interval, needs }
  })
}

/**
 * The seconds that are missing until a percentile can be believed. An interval becomes narrower
 * with the square root of the time, and what is beyond a percentile grows with it.
 */
export function secondsMissing(value, interval, beyond, seconds) {
  if (!interval) return seconds * FEWEST_ROUNDS
  const width = (interval.high - interval.low) / value / WIDEST
  const forBeyond = FEWEST_BEYOND / Math.max(beyond, 1)
  return seconds * (Math.max(width * width, forBeyond, 1) - 1)
}

/** The scenarios on a schedule that can be kept: their latency is a figure. */
export function openLoops(results) {
  return results.scenarios.filter(({ load, latency }) => load !== null && latency)
}

/**
 * Between which two points of a curve the knee is: the first at which the latency is more than
 * twice that of the first point, and the one before. `null` if there is none.
 */
export function knee(points) {
  const at = points.findIndex(([, latency]) => latency > 2 * points[0][1])
  return points.length < 3 || at < 1 ? null : [points[at - 1][0], points[at][0]]
}
