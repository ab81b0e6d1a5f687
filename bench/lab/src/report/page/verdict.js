// The verdict: three sentences, each computed.

import { differ, median } from './statistics.js'
import { best } from './figures.js'
import { list, plural, prose, ratio } from './text.js'
import { html } from './charts.js'
import { entryFigures, ours, winners } from './shared.js'

/** Three sentences, each computed: who of ours, how far from the floor, and how far from peers. */
export function verdict(lab) {
  return [sentenceOnOurs(lab), sentenceOnFloors(lab), sentenceOnPeers(lab)].map((text) =>
    html('p', {}, text),
  )
}

function sentenceOnOurs(lab) {
  const all = winners(lab, ours(lab), 'cpu')
  const wins = (entry) => all.filter(({ tied }) => tied.includes(entry.name)).length
  const ranked = ours(lab)
    .map((entry) => [entry.name, wins(entry)])
    .sort((a, b) => b[1] - a[1])
  if (all.length === 0) return 'There is nothing to compare ours in.'
  const [[first, most], ...rest] = ranked
  const next = rest
    .filter(([, count]) => count > 0)
    .slice(0, 2)
    .map(([one, count]) => `${one} (${count})`)
  const others = next.length ? `; next come ${list(next)}` : ''
  return prose(
    `Of ${plural(ranked.length, 'entry', 'entries')} of ours, ${first} takes the least processor`,
    `time per request, alone or tied, in ${most} of ${plural(all.length, 'scenario')}${others}.`,
  )
}

function sentenceOnFloors(lab) {
  const all = lab.figures.scenarios.flatMap(({ scenario, entries }) =>
    entries
      .filter(({ entry, cpu }) => cpu?.floor && ours(lab).some((one) => one.name === entry))
      .map(({ entry, cpu }) => ({ scenario, entry, ratio: cpu.floor.median })),
  )
  if (all.length === 0) return 'No floor was measured, so what HTTP itself costs is not known.'
  all.sort((a, b) => a.ratio - b.ratio)
  const where = ({ scenario, entry, ratio: by }) => `${ratio(by)} times (${entry} in ${scenario})`
  const middle = ratio(median(all.map((one) => one.ratio)))
  return prose(
    `Speaking HTTP, they take from ${where(all[0])} to ${where(all.at(-1))} the processor time`,
    `of the floor of their model, which makes the same system calls; the median is ${middle}.`,
  )
}

function sentenceOnPeers(lab) {
  const peers = lab.results.entries.filter((e) => e.kind === 'peer' && e.twin_of === null)
  const sides = { ahead: [], tied: [], behind: [] }
  for (const { scenario, resolution } of lab.figures.scenarios) {
    const cpu = (entry) => entryFigures(lab, scenario, entry.name)?.cpu?.estimate ?? null
    const our = best(ours(lab).map(cpu), 'cpu')
    const their = best(peers.map(cpu), 'cpu')
    if (!our || !their) continue
    if (!differ(our, their, resolution.cpu)) sides.tied.push(scenario)
    else sides[our.median < their.median ? 'ahead' : 'behind'].push(scenario)
  }
  const together = sides.ahead.length + sides.tied.length + sides.behind.length
  if (together === 0) return 'No peer was measured.'
  const where = sides.behind.length ? ` (${list(sides.behind, 4)})` : ''
  return prose(
    `Beside ${plural(peers.length, 'peer')}, the best of ours takes less than the best of theirs`,
    `in ${sides.ahead.length} of ${plural(together, 'scenario')}, cannot be told apart in`,
    `${sides.tied.length}, and takes more in ${sides.behind.length || 'none'}${where}.`,
  )
}
