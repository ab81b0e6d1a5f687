// What this machine can tell apart, what it did meanwhile, and where the figures come from.

import { audit } from '../audit.js'
import { twinResolution } from '../figures.js'
import { median } from '../statistics.js'
import { duration, percent, plural, prose, time, whole } from '../text.js'
import { bar, html, sparkline, table } from '../charts.js'
import { value } from '../shared.js'

export function apart(lab) {
  const { resolution, worst } = lab.figures
  const twins = lab.results.entries.filter((entry) => entry.twin_of !== null)
  const pairs = twins.map((entry) => `${entry.twin_of} = ${entry.name}`)
  const sentence =
    twins.length === 0 || resolution.cpu === null
      ? html(
          'p',
          { class: 'lead' },
          prose(
            'No entry was measured twice: what this machine can tell apart is not known,',
            'and a small difference below may be none.',
          ),
        )
      : html(
          'p',
          { class: 'lead' },
          'This machine can tell apart what differs by ',
          html('b', {}, `≥ ${percent(resolution.cpu)}`),
          ' in processor time per request, and by ',
          html('b', {}, `≥ ${value(resolution.rate, percent)}`),
          ' in requests per second (medians over all loads); under the worst load, by ',
          `${percent(worst.cpu)} and ${value(worst.rate, percent)}.`,
        )
  const how = html(
    'p',
    { class: 'soft' },
    twins.length
      ? prose(
          `The same servers were measured under two names (A/A: ${pairs.join(', ')}).`,
          'Whatever differs between them is noise: in each scenario, a smaller difference than',
          'theirs, or one whose intervals of 95 % overlap, is called a tie.',
        )
      : '',
  )
  const warnings = audit(lab.results).map((text) =>
    html('p', { class: 'warn' }, html('b', {}, 'Not to be believed. '), text),
  )
  return [
    ...warnings,
    sentence,
    how,
    html(
      'div',
      { class: 'columns' },
      twinTable(lab, twins),
      html('div', {}, calibrations(lab), provenance(lab)),
    ),
  ]
}

function twinTable(lab, twins) {
  if (twins.length === 0) return null
  const own = (scenario, of) => twinResolution(lab.results, lab.cells, scenario, of)
  const all = lab.results.scenarios.map(({ name: scenario }) => [
    scenario,
    own(scenario, 'cpu'),
    own(scenario, 'rate'),
  ])
  const most = Math.max(...all.flatMap(([, cpu, rate]) => [cpu ?? 0, rate ?? 0]), 1e-9)
  const cell = (number) =>
    html(
      'td',
      { class: 'n' },
      html('span', {}, value(number, percent)),
      number === null ? null : bar({ median: number, interval: null }, most, 'plain'),
    )
  return table(
    'The smallest difference that may be called one',
    ['scenario', 'processor time', 'requests per second'],
    all.map(([scenario, cpu, rate]) => [scenario, cell(cpu), cell(rate)]),
    { class: 'small' },
  )
}

function calibrations(lab) {
  const all = lab.results.calibrations
  if (all.length === 0) return null
  const line = (caption, values) => {
    const [least, most] = [Math.min(...values), Math.max(...values)]
    const text = `${time(least)} to ${time(most)}`
    return html(
      'div',
      {},
      html('dt', {}, caption),
      html('dd', { class: 'n' }, sparkline(values, `${caption}: ${text}`), ` ${text}`),
    )
  }
  const paused = all.map((one) => one.paused ?? 0)
  const longest = Math.max(...all.map((one) => one.longest_pause ?? 0))
  const drift = (values) => Math.max(...values) / Math.min(...values) - 1
  const computation = all.map((one) => one.computation)
  const cacheLine = all.map((one) => one.cache_line)
  const worst = drift(computation)
  const moved = lab.results.cells.filter((cell) =>
    cell.void.some(({ reason }) => reason.startsWith('a cache line took')),
  ).length
  const note =
    worst > 0.1
      ? html(
          'p',
          { class: 'warn' },
          prose(
            `The machine computed up to ${percent(worst)} slower at times.`,
            'Rounds are interleaved, so that all entries met that.',
          ),
        )
      : null
  return [
    html('h3', {}, 'The machine itself, before, between and after the rounds'),
    html(
      'dl',
      {},
      line('a fixed computation', computation),
      line('a cache line, there and back', cacheLine),
    ),
    longest === 0
      ? null
      : html(
          'p',
          { class: 'soft' },
          prose(
            `The server's core paused for ${percent(median(paused))} of the time, and for up to`,
            `${time(longest)} at a time: latencies up to that may be the machine's rather than the`,
            "server's.",
          ),
        ),
    moved === 0
      ? null
      : html(
          'p',
          { class: 'soft' },
          prose(
            `During ${whole(moved)} of ${plural(lab.results.cells.length, 'measurement')} its cores`,
            'were nearer to each other or farther apart than usual. They are void, and most were',
            'made again.',
          ),
        ),
    note,
  ]
}

function provenance(lab) {
  const from = lab.results.provenance
  const facts = {
    commit: html('code', {}, from.commit),
    toolchain: from.toolchain,
    processor: `${from.processor}, ${plural(from.cores, 'core')}`,
    kernel: from.kernel,
    pinning: from.pinning,
    command: html('code', {}, from.command),
    began: `${from.began}, took ${duration(from.took_seconds)}`,
    rounds: `${from.rounds}, in random order from seed ${from.seed}`,
  }
  const fact = ([key, text]) => html('div', {}, html('dt', {}, key), html('dd', {}, text))
  return [
    html('h3', {}, 'Where the figures come from'),
    html('dl', {}, Object.entries(facts).map(fact)),
  ]
}
