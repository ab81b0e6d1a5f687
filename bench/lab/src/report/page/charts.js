// Elements, and the charts that are made of them. Text from the results becomes text nodes and
// attributes only, never markup.

const SVG = 'http://www.w3.org/2000/svg'

/** An element of HTML: attributes, listeners (`onclick`), and children, which may be text. */
export function html(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children)
}

/** An element of SVG. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children)
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value !== null) element.setAttribute(name, value)
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null))
  return element
}

/** A table that scrolls by itself if it is wider than the page. */
export function table(caption, head, rows, attributes = {}) {
  const cell = (content, number) =>
    content instanceof HTMLTableCellElement
      ? content
      : html(number ? 'td' : 'th', number ? {} : { scope: 'row' }, content)
  const heading = (content) =>
    content instanceof HTMLTableCellElement ? content : html('th', { scope: 'col' }, content)
  const whole = html(
    'table',
    attributes,
    html('caption', {}, caption),
    html('thead', {}, html('tr', {}, head.map(heading))),
    html(
      'tbody',
      {},
      rows.map((row) => html('tr', {}, row.map(cell))),
    ),
  )
  return html('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption }, whole)
}

/** A bar up to the median, and a line over its interval: a picture of what is beside it as text. */
export function bar({ median, interval }, most, kind) {
  const place = (element, from, to) => {
    element.style.left = `${(from / most) * 100}%`
    element.style.width = `${((to - from) / most) * 100}%`
    return element
  }
  const parts = [place(html('i', { class: 'fill' }), 0, median)]
  if (interval) parts.push(place(html('i', { class: 'whisker' }), interval.low, interval.high))
  return html('div', { class: `bar ${kind}`, 'aria-hidden': 'true' }, parts)
}

/** Names of ticks that are nearer to each other, as a part of the axis, would be over each other. */
const NEAREST_TICKS = 0.105

/** An axis: from where to where, and which places are named. */
export function axis(ticks, { log = false } = {}) {
  const of = log ? Math.log10 : (value) => value
  const from = of(ticks[0][0])
  const to = of(ticks.at(-1)[0])
  const place = (value) => (of(value) - from) / (to - from)
  const hasRoom = ([value], number) =>
    number === ticks.length - 1 || place(ticks[number + 1][0]) - place(value) > NEAREST_TICKS
  return { ticks: ticks.filter(hasRoom), place }
}

/** A logarithmic axis over all decades that the values are in, at least two ticks. */
export function decades(values, name, steps = [1]) {
  const known = values.filter((value) => value > 0)
  const least = known.length ? Math.min(...known) : 1
  const most = known.length ? Math.max(...known) : 10
  const all = []
  for (
    let power = Math.floor(Math.log10(least));
    power <= Math.ceil(Math.log10(most));
    power += 1
  ) {
    all.push(...steps.map((step) => step * 10 ** power))
  }
  const first = all.findLastIndex((tick) => tick <= least)
  const last = all.findIndex((tick) => tick >= most)
  const shown = all.slice(Math.max(0, first), Math.max(first + 2, last + 1))
  return axis(
    shown.map((tick) => [tick, name(tick)]),
    { log: true },
  )
}

const WIDTH = 360
const HEIGHT = 220
const LEFT = 56
const RIGHT = 12
const TOP = 10
const BOTTOM = 30

/**
 * Lines over two axes. Each has a kind, which says how it is drawn, and points; a band lies
 * between two places of the x axis.
 */
export function plot({ label, x, y, xName, lines, band = null }) {
  const across = (value) => LEFT + x.place(value) * (WIDTH - LEFT - RIGHT)
  const up = (value) => HEIGHT - BOTTOM - y.place(value) * (HEIGHT - BOTTOM - TOP)
  const grid = [
    y.ticks.map(([value, name]) => [
      svg('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: up(value), y2: up(value) }),
      svg('text', { x: LEFT - 7, y: up(value) + 4, 'text-anchor': 'end' }, name),
    ]),
    x.ticks.map(([value, name]) => [
      svg('line', {
        class: 'grid',
        x1: across(value),
        x2: across(value),
        y1: HEIGHT - BOTTOM,
        y2: HEIGHT - BOTTOM + 4,
      }),
      svg('text', { x: across(value), y: HEIGHT - BOTTOM + 16, 'text-anchor': 'middle' }, name),
    ]),
    svg('text', { class: 'axis', x: WIDTH - RIGHT, y: HEIGHT - 2, 'text-anchor': 'end' }, xName),
  ]
  const line = ({ kind, points, dots = false }) => {
    const path = points.map(([a, b]) => `${across(a).toFixed(1)} ${up(b).toFixed(1)}`).join('L')
    const dot = ([a, b]) => svg('circle', { cx: across(a), cy: up(b), r: 3 })
    return svg(
      'g',
      { class: `line ${kind}` },
      svg('path', { d: `M${path}` }),
      dots ? points.map(dot) : [],
    )
  }
  const shade =
    band &&
    svg('rect', {
      class: 'band',
      x: across(band[0]),
      y: TOP,
      width: across(band[1]) - across(band[0]),
      height: HEIGHT - TOP - BOTTOM,
    })
  const drawn = lines.filter(({ points }) => points.length > 0)
  return svg(
    'svg',
    { class: 'plot', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label },
    grid,
    shade,
    drawn.map(line),
  )
}

/** A small plot with a title, as one of many. */
export function panel(title, note, chart) {
  return html(
    'figure',
    { class: 'panel' },
    html('figcaption', {}, html('b', {}, title), ' ', html('span', {}, note)),
    chart,
  )
}

/** A line that fits between words. */
export function sparkline(values, label) {
  const most = Math.max(...values)
  const least = Math.min(...values)
  const span = most - least || 1
  const point = (value, at) => {
    const x = (at / Math.max(1, values.length - 1)) * 116 + 2
    const y = 22 - ((value - least) / span) * 20
    return `${x.toFixed(1)} ${y.toFixed(1)}`
  }
  return svg(
    'svg',
    { class: 'spark', viewBox: '0 0 120 24', role: 'img', 'aria-label': label },
    svg('path', { d: `M${values.map(point).join('L')}` }),
  )
}
