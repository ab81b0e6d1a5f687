// What is wrong with a file of results as a whole. `judge.rs` has the same rules, and its words.

import { counts } from './figures.js'

const DRIFT = 0.1
const FARTHER = 0.5

/** A sentence for each. */
export function audit(results) {
  return [...missing(results), ...unmarkedDrift(results), ...unmarkedMoves(results)]
}

/** Who leaves out rounds shows the best of them. */
function missing({ provenance, scenarios, entries, cells }) {
  const seen = new Map()
  for (const { scenario, entry, round } of cells) {
    const key = `${scenario}\n${entry}`
    if (!seen.has(key)) seen.set(key, new Set())
    seen.get(key).add(round)
  }
  return scenarios.flatMap(({ name: scenario, every = 1 }) =>
    entries.flatMap(({ name: entry }) => {
      const rounds = Math.ceil(provenance.rounds / every)
      const found = seen.get(`${scenario}\n${entry}`)?.size ?? rounds
      if (found === rounds) return []
      return [
        `${entry} in ${scenario}: ${found} of ${rounds} rounds are in this file. ` +
          'What is shown may be the best of them.',
      ]
    }),
  )
}

/** Rounds that count although the machine was slower than it mostly is. */
function unmarkedDrift({ calibrations, cells }) {
  const computations = calibrations.map(({ computation }) => computation).sort((a, b) => a - b)
  const usual = computations[Math.floor(computations.length / 4)]
  const countsIn = (round) => cells.some((cell) => cell.round === round && counts(cell, 'all'))
  return calibrations.slice(1).flatMap(({ computation }, round) => {
    const slowest = Math.max(calibrations[round].computation, computation) / usual
    if (slowest <= 1 + DRIFT || !countsIn(round)) return []
    const slower = ((slowest - 1) * 100).toFixed(0)
    return [
      `Round ${round + 1}: the machine itself was ${slower} % slower, and its figures count.`,
    ]
  })
}

/** Measurements that count although the cores were nearer or farther than they usually are. */
function unmarkedMoves({ calibrations, cells }) {
  const isAgain = (cell, number) =>
    ['round', 'scenario', 'entry'].every((key) => cells[number - 1]?.[key] === cell[key])
  const first = cells.filter((cell, number) => !isAgain(cell, number))
  const beside = first.flatMap((cell) => cell.distances ?? [])
  const all = [...calibrations.map((one) => one.cache_line), ...beside].sort((a, b) => a - b)
  const usual = all[Math.floor(all.length / 2)]
  const isFar = (distance) => Math.abs(Math.log(distance / usual)) > Math.log(1 + FARTHER)
  const count = cells.filter((cell) => counts(cell, 'all') && cell.distances?.some(isFar)).length
  return count === 0
    ? []
    : [`The cores were elsewhere during ${count} measurements, and they count.`]
}
