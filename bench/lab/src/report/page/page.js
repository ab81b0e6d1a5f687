// The page: unpacks the results, computes the figures, and shows the sections.

import { Cells, computeFigures, openLoops } from './figures.js'
import { html } from './charts.js'
import { FIGURE_NAMES, KINDS } from './shared.js'
import { prose, whole } from './text.js'
import { verdict } from './verdict.js'
import { apart } from './sections/apart.js'
import { causes } from './sections/causes.js'
import { cost } from './sections/cost.js'
import { gate } from './sections/gate.js'
import { latency } from './sections/latency.js'
import { scaling } from './sections/scaling.js'
import { voids } from './sections/voids.js'
import { idle } from './sections/idle.js'
import { wins } from './sections/wins.js'

/**
 * In the order in which they are shown. Each is rendered by a function of the lab, which gives
 * elements, or `null` if there is nothing to show; `controls` says on which choices it depends.
 */
const SECTIONS = [
  { id: 'apart', title: 'What this machine can tell apart', render: apart },
  {
    id: 'cost',
    title: 'Processor time and throughput',
    controls: ['scenario', 'kinds'],
    render: cost,
  },
  { id: 'scaling', title: 'More connections', controls: ['figure'], render: scaling },
  { id: 'latency', title: 'Latency', controls: ['load', 'kinds'], render: latency },
  { id: 'idle', title: 'Idle connections', controls: ['kinds'], render: idle },
  { id: 'wins', title: 'Who wins where', controls: ['figure', 'kinds'], render: wins },
  { id: 'causes', title: 'Causes', controls: ['scenario', 'kinds'], render: causes },
  { id: 'voids', title: 'What counts for nothing', render: voids },
  { id: 'gate', title: 'Who was let in', render: gate },
]

const byId = (id) => document.getElementById(id)

async function unpack() {
  const bytes = Uint8Array.from(atob(byId('data').textContent), (letter) => letter.charCodeAt(0))
  const json = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  // A number in JavaScript has 53 bits, a seed 64: it stays text.
  const text = await new Response(json).text()
  return JSON.parse(text.replace(/("seed": ?)([0-9]+)/, '$1"$2"'))
}

function openLab(results) {
  const cells = new Cells(results)
  const known = new Map()
  const first = (scenarios) => scenarios[0]?.name
  const open = openLoops(results)
  return {
    results,
    cells,
    figures: computeFigures(results, cells),
    /** What the reader has chosen. */
    state: {
      scenario:
        first(results.scenarios.filter(({ connections }) => connections === 64)) ??
        first(results.scenarios),
      load: first(open.filter(({ load }) => load > 0.5)) ?? first(open),
      kinds: new Set(Object.keys(KINDS)),
      figure: 'cpu',
    },
    histograms(scenario, entry) {
      const key = JSON.stringify([scenario, entry])
      if (!known.has(key)) known.set(key, cells.histograms(scenario, entry))
      return known.get(key)
    },
    copy,
  }
}

// --- What the reader can choose ------------------------------------------------------------

/** For each choice: an element, and how it shows what is chosen in another place. */
const CONTROLS = {
  scenario: (lab, changed) =>
    chooser('Scenario', grouped(lab.results.scenarios), lab, 'scenario', changed),
  load: (lab, changed) =>
    chooser('Load', [['', openLoops(lab.results)]], lab, 'load', changed),
  kinds: kindBoxes,
  figure: (lab, changed) => {
    const names = Object.entries(FIGURE_NAMES).map(([name, title]) => ({ name, title }))
    return chooser('Figure', [['', names]], lab, 'figure', changed)
  },
}

function grouped(scenarios) {
  const groups = new Map()
  for (const scenario of scenarios)
    groups.set(scenario.group, [...(groups.get(scenario.group) ?? []), scenario])
  return [...groups]
}

function chooser(title, groups, lab, key, changed) {
  const option = ({ name, title: shown }) => html('option', { value: name }, shown ?? name)
  const group = ([label, all]) =>
    label ? html('optgroup', { label }, all.map(option)) : all.map(option)
  const select = html(
    'select',
    { 'data-choice': key, onchange: () => changed(key, select.value) },
    groups.map(group),
  )
  return {
    element: html('label', {}, `${title} `, select),
    sync: () => (select.value = lab.state[key]),
  }
}

function kindBoxes(lab, changed) {
  const boxes = Object.entries(KINDS).map(([kind, title]) => {
    const onchange = () =>
      changed('kinds', new Set(boxes.filter(({ box }) => box.checked).map((one) => one.kind)))
    const box = html('input', { type: 'checkbox', 'data-kind': kind, onchange })
    return { kind, box, label: html('label', {}, box, ` ${title}`) }
  })
  const element = html(
    'fieldset',
    {},
    html('legend', {}, 'Show'),
    boxes.map(({ label }) => label),
  )
  const sync = () => boxes.forEach(({ kind, box }) => (box.checked = lab.state.kinds.has(kind)))
  return { element, sync }
}

// --- Sections ----------------------------------------------------------------------------------

function showSections(lab) {
  const parts = SECTIONS.map((section) => ({ ...section, body: html('div', { class: 'body' }) }))
  const changed = (key, chosen) => {
    lab.state[key] = chosen
    for (const part of parts.filter(({ controls = [] }) => controls.includes(key))) show(part)
  }
  const show = ({ render, body, made = [] }) => {
    made.forEach(({ sync }) => sync())
    const content = render(lab)
    body.replaceChildren(...[content].flat(Infinity).filter((element) => element !== null))
    return content !== null
  }
  for (const part of parts) {
    part.made = (part.controls ?? []).map((key) => CONTROLS[key](lab, changed))
    if (!show(part)) continue
    const controls = part.made.length
      ? html(
          'div',
          { class: 'controls' },
          part.made.map(({ element }) => element),
        )
      : null
    byId('sections').append(
      html(
        'section',
        { id: part.id, 'aria-labelledby': `${part.id}-title` },
        html('h2', { id: `${part.id}-title` }, part.title),
        controls,
        part.body,
      ),
    )
    byId('contents').append(html('a', { href: `#${part.id}` }, part.title))
  }
}

function footer(lab) {
  const precision = Number(byId('data').dataset.precision)
  const error = `${(100 / 2 ** precision).toFixed(2)} %`
  return prose(
    `This page holds the raw figures of ${whole(lab.results.cells.length)} measurements,`,
    'and has computed all of the above from them in this browser.',
    `Latencies are kept to ${error} of themselves. It loads nothing from anywhere.`,
  )
}

// --- Copying, colours, beginning --------------------------------------------------------

/** To the clipboard; where that is not allowed, the reader is shown what to copy. */
async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text)
    say(`${what} is copied.`)
  } catch {
    byId('copy-text').value = text
    byId('copy').showModal()
    byId('copy-text').select()
  }
}

let silence = 0

function say(text) {
  clearTimeout(silence)
  byId('said').textContent = text
  silence = setTimeout(() => (byId('said').textContent = ''), 4000)
}

byId('theme').addEventListener('change', ({ target }) => {
  document.documentElement.dataset.theme = target.value
})

try {
  const lab = openLab(await unpack())
  byId('verdict').replaceChildren(...verdict(lab))
  showSections(lab)
  byId('footer').textContent = footer(lab)
  document.documentElement.dataset.ready = ''
} catch (error) {
  // The verdict takes the place of the state.
  const place = byId('state') ?? byId('verdict')
  place.textContent = `The figures cannot be shown: ${error.message}`
  throw error
}
