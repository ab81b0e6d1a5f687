// Who wins where: a matrix of scenarios and entries, and a sentence for each model.

import { best, competes } from '../figures.js'
import { commands, list, plural, prose, ratio } from '../text.js'
import { html, table } from '../charts.js'
import { FIGURE_NAMES, ours, scenarioNamed, shown, winners } from '../shared.js'

const NO_WINNERS = prose(
  'In no scenario do two of those shown have figures from enough rounds for an interval,',
  'so none is called better than another.',
)

export function wins(lab) {
  const of = lab.state.figure
  const entries = shown(lab).filter(competes)
  const all = winners(lab, entries, of)
  if (all.length === 0) return html('p', { class: 'soft' }, NO_WINNERS)
  const cell = ({ scenario, first, named, tied }, entry) => {
    const estimate = named.get(entry.name)
    if (!estimate) return html('td', { class: 'none' }, '–')
    const by = of === 'rate' ? first.median / estimate.median : estimate.median / first.median
    const isTied = tied.includes(entry.name)
    const heat = Math.min(4, Math.floor(Math.log2(by) / 0.35))
    const result = isTied ? 'the best, or tied with it' : `${ratio(by)} times the best`
    const label = `${entry.name} in ${scenario}: ${result}. Copy the command`
    const onclick = () =>
      lab.copy(
        commands(entry, scenarioNamed(lab, scenario)),
        `The command for ${entry.name} in ${scenario}`,
      )
    return html(
      'td',
      { class: isTied ? 'win' : `heat${heat}` },
      html(
        'button',
        { class: 'cell', tabindex: -1, 'aria-label': label, onclick },
        isTied ? `= ${ratio(by)}` : ratio(by),
      ),
    )
  }
  const head = [
    'scenario',
    ...entries.map((entry) =>
      html('th', { scope: 'col', class: 'upright' }, html('span', {}, entry.name)),
    ),
  ]
  const matrix = table(
    `How many times the best of those shown, by ${FIGURE_NAMES[of]}`,
    head,
    all.map((row) => [row.scenario, ...entries.map((entry) => cell(row, entry))]),
    { class: 'matrix' },
  )
  walkWithArrows(matrix)
  return [
    html(
      'p',
      { class: 'soft' },
      prose(
        '= marks the best and what cannot be told apart from it. Floors do not compete.',
        'Each figure is a button that copies its command; the arrow keys walk between them.',
      ),
    ),
    matrix,
    html('h3', {}, 'In words'),
    html(
      'ul',
      { class: 'plain' },
      models(lab).map((model) => html('li', {}, modelSentence(lab, model, of))),
    ),
  ]
}

/** One figure can be reached by the tab key, the others from there. */
function walkWithArrows(matrix) {
  const rows = [...matrix.querySelectorAll('tbody tr')].map((row) =>
    [...row.cells].map((cell) => cell.querySelector('button')),
  )
  rows
    .flat()
    .find((button) => button)
    ?.setAttribute('tabindex', 0)
  matrix.addEventListener('keydown', (event) => {
    const [down, right] = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    }[event.key] ?? [0, 0]
    let row = rows.findIndex((buttons) => buttons.includes(event.target))
    if (row < 0 || (down === 0 && right === 0)) return
    let column = rows[row].indexOf(event.target)
    let button = null
    do {
      row += down
      column += right
      button = rows[row]?.[column]
    } while (button === null)
    event.preventDefault()
    if (!button) return
    event.target.setAttribute('tabindex', -1)
    button.setAttribute('tabindex', 0)
    button.focus()
  })
}

function models(lab) {
  return [...new Set(ours(lab).map((entry) => entry.model))]
}

/** Where the entries of one model win among ours, and where they are farthest from it. */
function modelSentence(lab, model, of) {
  const names = ours(lab)
    .filter((entry) => entry.model === model)
    .map((entry) => entry.name)
  const all = winners(lab, ours(lab), of)
  const won = all
    .filter(({ tied }) => names.some((one) => tied.includes(one)))
    .map(({ scenario }) => scenario)
  const lost = all
    .filter(({ scenario }) => !won.includes(scenario))
    .flatMap(({ scenario, first, named }) => {
      const own = best(
        names.map((one) => named.get(one) ?? null),
        of,
      )
      return own
        ? [{ scenario, by: of === 'rate' ? first.median / own.median : own.median / first.median }]
        : []
    })
    .sort((a, b) => b.by - a.by)
  const wherever = won.length
    ? `wins or ties in ${won.length} of ${plural(all.length, 'scenario')} (${list(won, 5)})`
    : `wins in none of ${plural(all.length, 'scenario')}`
  const farthest = lost.length
    ? `; it loses most in ${lost[0].scenario}, at ${ratio(lost[0].by)} times the best of ours`
    : ''
  return [html('b', {}, model), ` (${list(names)}) ${wherever}${farthest}.`]
}
