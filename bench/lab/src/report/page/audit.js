// What is wrong with a file of results as a whole. `judge.rs` has the same rules, and its words.

const DRIFT = 0.1

/** A sentence for each. */
export function audit(results) {
  return [...missing(results), ...unmarkedDrift(results)]
}

/** Who leaves out rounds shows the best of them. */
function missing({ provenance, scenarios, entries, cells }) {
  const counts = new Map()
  for (const { scenario, entry } of cells) {
    const key = `${scenario}\n${entry}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return scenarios.flatMap(({ name: scenario }) =>
    entries.flatMap(({ name: entry }) => {
      const found = counts.get(`${scenario}\n${entry}`) ?? provenance.rounds
      if (found === provenance.rounds) return []
      return [
        `${entry} in ${scenario}: ${found} of ${provenance.rounds} rounds are in this file. ` +
          'What is shown may be the best of them.',
      ]
    }),
  )
}

/** Rounds that count although the machine was slower than it mostly is. */
function unmarkedDrift({ calibrations, cells }) {
  const computations = calibrations.map(({ computation }) => computation).sort((a, b) => a - b)
  const usual = computations[Math.floor(computations.length / 4)]
  const countsIn = (round) =>
    cells.some((cell) => cell.round === round && cell.void.every(({ figure }) => figure !== 'all'))
  return calibrations.slice(1).flatMap(({ computation }, round) => {
    const slowest = Math.max(calibrations[round].computation, computation) / usual
    if (slowest <= 1 + DRIFT || !countsIn(round)) return []
    const slower = ((slowest - 1) * 100).toFixed(0)
    return [
      `Round ${round + 1}: the machine itself was ${slower} % slower, and its figures count.`,
    ]
  })
}
