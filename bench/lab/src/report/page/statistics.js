// Medians, percentiles, and the intervals in which they lie.
//
// This is `statistics.rs` in JavaScript, function by function: both compute the same, to the last
// digit. An interval comes from a bootstrap over rounds, which are drawn with replacement.

/** How often rounds are drawn for an interval. */
export const DRAWS = 1000

/** With fewer rounds there is no interval: even all of five hold the median with 94 % only. */
export const FEWEST_ROUNDS = 6

/** What is left out of an interval at each end: 2.5 %. */
const LEFT_OUT = 25

/** Always the same, so that an interval is the same when it is computed again. */
const SEED = 1

/** Mulberry32: a function that gives integers below `end`. */
export function random(seed) {
  let state = seed
  return (end) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) * end) / 2 ** 32)
  }
}

/** The value in the middle, or the mean of the two that are; `null` without any. */
export function median(values) {
  if (values.length === 0) return null
  const sorted = Float64Array.from(values).sort()
  const [lower, upper] = middles(values.length)
  return (sorted[lower] + sorted[upper]) / 2
}

function middles(count) {
  return [Math.floor((count - 1) / 2), Math.floor(count / 2)]
}

/** The draws from so many rounds, which are the same for all that have as many. */
function draws(rounds) {
  if (!draws.known.has(rounds)) {
    const below = random(SEED)
    const draw = () => Uint16Array.from({ length: rounds }, () => below(rounds))
    const number = rounds < FEWEST_ROUNDS ? 0 : DRAWS
    draws.known.set(rounds, Array.from({ length: number }, draw))
  }
  return draws.known.get(rounds)
}
draws.known = new Map()

/** The median of each draw. The values are sorted once; a draw is counted by place. */
export function drawnMedians(values) {
  const sorted = values.map((_, round) => round).sort((a, b) => values[a] - values[b])
  const place = new Uint16Array(values.length)
  sorted.forEach((round, at) => (place[round] = at))
  const [lower, upper] = middles(values.length)
  const counts = new Uint16Array(values.length)
  return Float64Array.from(draws(values.length), (drawn) => {
    counts.fill(0)
    for (const round of drawn) counts[place[round]] += 1
    return (values[sorted[nth(counts, lower)]] + values[sorted[nth(counts, upper)]]) / 2
  })
}

/** Where the value lies that so many others come before. */
function nth(counts, before) {
  let at = 0
  for (let seen = counts[0]; seen <= before; seen += counts[at]) at += 1
  return at
}

/** What 95 % of the draws lie in; `null` if there are none. */
function interval(drawn) {
  if (drawn.length === 0) return null
  drawn.sort()
  return { low: drawn[LEFT_OUT], high: drawn[DRAWS - 1 - LEFT_OUT] }
}

/** The median of one value from each round, with its interval; `null` without any. */
export function estimateMedian(values) {
  if (values.length === 0) return null
  return {
    median: median(values),
    interval: interval(drawnMedians(values)),
    rounds: values.length,
  }
}

/** The ratio of two medians, from pairs of values that were measured in the same round. */
export function estimateRatio(pairs) {
  if (pairs.length === 0) return null
  const above = pairs.map(([a]) => a)
  const below = pairs.map(([, b]) => b)
  const drawnBelow = drawnMedians(below)
  return {
    median: median(above) / median(below),
    interval: interval(drawnMedians(above).map((drawn, number) => drawn / drawnBelow[number])),
    rounds: pairs.length,
  }
}

/** The smallest difference to be expected between two that are the same, if this is their ratio. */
export function resolutionOf(ratio) {
  if (!ratio?.interval) return null
  return Math.max(ratio.interval.high, 1 / ratio.interval.low) - 1
}

/**
 * Whether two estimates may be called different: their intervals have nothing in common, and the
 * medians are farther apart than A/A, if that was measured.
 */
export function differ(a, b, resolution) {
  if (!a.interval || !b.interval) return false
  const apart = a.interval.high < b.interval.low || b.interval.high < a.interval.low
  const ratio = Math.max(a.median, b.median) / Math.min(a.median, b.median)
  return apart && (resolution === null || ratio - 1 >= resolution)
}

/** Values that are counted by round, such as latencies. */
export class Histograms {
  /** Takes, for each round, pairs of the distance from the value before, and how often. */
  constructor(rounds) {
    const absolute = rounds.filter((pairs) => pairs.length > 0).map(absoluteValues)
    const all = new Set(absolute.flatMap((pairs) => pairs.map(([value]) => value)))
    /** All values that occur in any round, ascending. */
    this.values = Float64Array.from(all).sort()
    /** For each round, how many are at most as large as the value at the same place. */
    this.upTo = absolute.map((pairs) => cumulative(this.values, pairs))
  }

  get rounds() {
    return this.upTo.length
  }

  get count() {
    return this.upTo.reduce((sum, counts) => sum + counts.at(-1), 0)
  }

  /** How many values are larger than the percentile, which is given as a fraction. */
  beyond(fraction) {
    return this.count - Math.min(rank(fraction, this.count), this.count)
  }

  /** The smallest value that at least such a fraction of all does not exceed. */
  percentile(fraction) {
    return this.rounds === 0 ? null : this.percentileOf([...this.upTo.keys()], fraction)
  }

  /** The interval of `percentile`. */
  interval(fraction) {
    const drawn = draws(this.rounds)
    return interval(Float64Array.from(drawn, (rounds) => this.percentileOf(rounds, fraction)))
  }

  percentileOf(drawn, fraction) {
    const upTo = (place) => {
      let sum = 0
      for (const round of drawn) sum += this.upTo[round][place]
      return sum
    }
    let low = 0
    let high = this.values.length - 1
    const wanted = rank(fraction, upTo(high))
    while (low < high) {
      const middle = (low + high) >> 1
      if (upTo(middle) < wanted) low = middle + 1
      else high = middle
    }
    return this.values[low]
  }
}

/** Which of so many sorted values is the percentile, from 1. */
function rank(fraction, count) {
  return Math.max(1, Math.ceil(fraction * count))
}

function absoluteValues(pairs) {
  let value = 0
  return pairs.map(([distance, count]) => [(value += distance), count])
}

function cumulative(values, pairs) {
  let sum = 0
  let next = 0
  return Float64Array.from(values, (value) => {
    while (next < pairs.length && pairs[next][0] <= value) sum += pairs[next++][1]
    return sum
  })
}
