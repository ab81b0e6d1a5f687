// What the page computes, compared with what is known: node --test

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'

import { computeFigures, knee, secondsMissing } from '../../../bench/lab/src/report/page/figures.js'
import {
  DRAWS,
  Histograms,
  differ,
  drawnMedians,
  estimateMedian,
  estimateRatio,
  median,
  random,
  resolutionOf,
} from '../../../bench/lab/src/report/page/statistics.js'
import {
  commands,
  duration,
  list,
  percentileName,
  quoted,
  range,
  time,
} from '../../../bench/lab/src/report/page/text.js'

const estimate = (middle, low, high) => ({ median: middle, interval: { low, high }, rounds: 10 })

/** A normal distribution, from a generator that always gives the same. */
function normal(seed, mean, deviation) {
  const below = random(seed)
  const uniform = () => (below(2 ** 31) + 0.5) / 2 ** 31
  return () =>
    mean + deviation * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}

test('the generator is mulberry32', () => {
  const below = random(1)
  const first = Array.from({ length: 4 }, () => below(2 ** 32))
  assert.deepEqual(first, [2693262067, 11749833, 2265367787, 4213581821])
})

test('a median is the middle, or between the two in the middle', () => {
  assert.equal(median([]), null)
  assert.equal(median([3]), 3)
  assert.equal(median([9, 1, 2]), 2)
  assert.equal(median([9, 10, 1, 2]), 5.5)
})

test('five rounds are too few for an interval, and six have one', () => {
  assert.equal(estimateMedian([]), null)
  assert.equal(estimateMedian([1, 2, 3, 4, 5]).interval, null)
  const { interval, rounds } = estimateMedian([1, 2, 3, 4, 5, 6])
  assert.ok(interval.low < 3 && interval.high > 4 && rounds === 6)
})

test('a drawn median is that of the drawn values', () => {
  const medians = drawnMedians([5, 1, 4, 2, 3, 6])
  assert.equal(medians.length, DRAWS)
  const below = random(1)
  for (const drawn of medians) {
    const values = Array.from({ length: 6 }, () => [5, 1, 4, 2, 3, 6][below(6)])
    assert.equal(drawn, median(values))
  }
})

test('95 of 100 intervals hold the median of the distribution, or nearly', () => {
  const next = normal(7, 100, 5)
  const intervals = Array.from(
    { length: 400 },
    () => estimateMedian(Array.from({ length: 10 }, next)).interval,
  )
  const holding = intervals.filter(({ low, high }) => low <= 100 && 100 <= high).length / 400
  assert.ok(holding > 0.9 && holding < 0.995, `${holding}`)
})

test('a ratio of rounds that rise and fall together is exact', () => {
  const ratio = estimateRatio([
    [2, 1],
    [4, 2],
    [6, 3],
    [8, 4],
    [10, 5],
    [12, 6],
  ])
  assert.equal(ratio.median, 2)
  assert.deepEqual(ratio.interval, { low: 2, high: 2 })
})

test('a resolution is the farther end from one', () => {
  assert.equal(resolutionOf(estimate(1, 1, 1.25)), 0.25)
  assert.equal(resolutionOf(estimate(1, 0.5, 1.25)), 1)
  assert.equal(resolutionOf(null), null)
})

test('what overlaps, or is nearer than twins, does not differ', () => {
  const low = estimate(10, 9.8, 10.2)
  const high = estimate(11, 10.8, 11.2)
  assert.ok(differ(low, high, null) && differ(high, low, 0.05))
  assert.ok(!differ(low, high, 0.2))
  assert.ok(!differ(low, estimate(10.3, 10.1, 10.5), null))
  assert.ok(!differ(low, { ...high, interval: null }, null))
})

test('percentiles of all rounds together', () => {
  const even = Array(500).fill([2, 1])
  const odd = [[1, 1], ...Array(499).fill([2, 1])]
  const both = new Histograms([even, [], odd])
  assert.deepEqual([both.rounds, both.count], [2, 1000])
  assert.equal(both.percentile(0.5), 500)
  assert.equal(both.percentile(0.999), 999)
  assert.equal(both.percentile(1), 1000)
  assert.deepEqual([both.beyond(0.99), both.beyond(1)], [10, 0])
  assert.equal(new Histograms([]).percentile(0.5), null)
})

test('the percentiles of a normal distribution are found, and lie in their intervals', () => {
  const next = normal(3, 10_000, 1000)
  const round = () => {
    const sorted = Array.from({ length: 4000 }, () => Math.round(next())).sort((a, b) => a - b)
    return sorted.map((value, at) => [value - (sorted[at - 1] ?? 0), 1])
  }
  const histograms = new Histograms(Array.from({ length: 10 }, round))
  for (const [fraction, truth] of [
    [0.5, 10_000],
    [0.9, 11_281.6],
    [0.99, 12_326.3],
  ]) {
    const found = histograms.percentile(fraction)
    const { low, high } = histograms.interval(fraction)
    assert.ok(Math.abs(found - truth) < 60, `${fraction}: ${found}, not ${truth}`)
    assert.ok(low <= found && found <= high && high - low < 150, `${low} to ${high}`)
  }
})

test('what a percentile needs', () => {
  assert.equal(secondsMissing(100, { low: 96, high: 104 }, 10, 30), 0)
  assert.equal(secondsMissing(100, { low: 90, high: 110 }, 10, 30), 90)
  assert.equal(secondsMissing(100, { low: 96, high: 104 }, 5, 30), 30)
  assert.equal(secondsMissing(100, null, 10, 30), 180)
})

test('a knee is where the latency has doubled, if there are three loads', () => {
  assert.deepEqual(
    knee([
      [5, 10],
      [70, 19],
      [150, 900],
    ]),
    [70, 150],
  )
  assert.deepEqual(
    knee([
      [5, 10],
      [70, 21],
      [150, 900],
    ]),
    [5, 70],
  )
  assert.equal(
    knee([
      [5, 10],
      [70, 12],
      [150, 20],
    ]),
    null,
  )
  assert.equal(
    knee([
      [5, 10],
      [150, 900],
    ]),
    null,
  )
})

/** One scenario in which each entry is given its processor time per request in five rounds. */
function results(entries) {
  const described = entries.map(({ name, kind = 'peer', twin_of = null, floor = null }) => ({
    name,
    kind,
    twin_of,
    floor,
  }))
  const cell = (entry, cpu, round) => ({
    scenario: 's',
    entry: entry.name,
    round,
    seconds: 1,
    requests: 1,
    cpu,
    mean: 1,
    latency: [],
    void: entry.void ?? [],
  })
  const cells = entries.flatMap((entry) => entry.cpu.map((cpu, round) => cell(entry, cpu, round)))
  return { entries: described, scenarios: [{ name: 's', latency: false }], cells }
}

test('what twins differ by is the resolution, and the floor and a twin are not the best', () => {
  const { resolution, scenarios } = computeFigures(
    results([
      { name: 'floor', kind: 'floor', cpu: Array(6).fill(50) },
      { name: 'a', cpu: Array(6).fill(100), floor: 'floor' },
      { name: 'a again', cpu: Array(6).fill(90), twin_of: 'a' },
      { name: 'near', cpu: Array(6).fill(105) },
      { name: 'far', cpu: Array(6).fill(120) },
    ]),
  )
  assert.ok(Math.abs(resolution.cpu - 1 / 9) < 1e-12)
  const tied = scenarios[0].entries.filter(({ cpu }) => cpu.tied).map(({ entry }) => entry)
  assert.deepEqual(tied, ['a', 'near'])
  assert.equal(scenarios[0].entries[1].cpu.floor.median, 2)
})

test('a void leaves no figure', () => {
  const of = (figure) =>
    computeFigures(results([{ name: 'a', cpu: [1, 1, 1], void: [{ figure, reason: '' }] }]))
      .scenarios[0].entries[0]
  assert.deepEqual([of('all').cpu, of('all').rate], [null, null])
  assert.equal(of('rate').rate, null)
  assert.equal(of('rate').cpu.estimate.median, 1)
})

test('each section finds what it imports', async () => {
  const page = new URL('../../../bench/lab/src/report/page/', import.meta.url)
  for (const file of readdirSync(new URL('sections/', page))) {
    const section = await import(new URL(`sections/${file}`, page))
    assert.deepEqual(Object.keys(section), [file.replace('.js', '')])
  }
})

test('figures are printed as people read them', () => {
  assert.deepEqual(
    [420, 9123, 1.5e6, 999_600, 2e9].map((at) => time(at)),
    ['420 ns', '9.12 µs', '1.50 ms', '1.00 ms', '2.00 s'],
  )
  assert.equal(range({ low: 5300, high: 5510 }, time), '5.30 – 5.51 µs')
  assert.equal(range({ low: 990, high: 1010 }, time), '990 ns – 1.01 µs')
  assert.deepEqual([0.2, 99.5, 5999, 7200].map(duration), ['1 s', '100 s', '100 min', '2 h'])
  assert.deepEqual([0.5, 0.99, 0.999, 0.9999].map(percentileName), [
    'p50',
    'p99',
    'p99.9',
    'p99.99',
  ])
  assert.deepEqual(
    [list([]), list(['a']), list(['a', 'b', 'c']), list(['a', 'b', 'c'], 1)],
    ['', 'a', 'a, b and c', 'a and 2 more'],
  )
})

test('a command that is copied does nothing but what it says', () => {
  assert.equal(quoted('--threads=1'), '--threads=1')
  assert.equal(quoted("a'; rm b"), "'a'\\''; rm b'")
  const text = commands(
    { name: 'x\nrm y', command: ['server', '$(rm z)'] },
    { name: 's', command: 'cargo lab load http://ADDRESS/' },
  )
  assert.deepEqual(
    text.split('\n').filter((line) => !line.startsWith('#')),
    ["server '$(rm z)'", 'cargo lab load http://ADDRESS/', ''],
  )
})
