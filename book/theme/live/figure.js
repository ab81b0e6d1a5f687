// What all live figures are made of: elements, bytes that can be read, and a figure that plays a
// script step by step. A figure is a function of its element: `Live.figure(name, build)`.
;(() => {
  const figures = {}

  /** An element with properties and children. Names with a dash are attributes. */
  function el(tag, properties = {}, ...children) {
    const element = document.createElement(tag)
    for (const [name, value] of Object.entries(properties)) {
      if (name.includes('-') || name === 'role' || name === 'for') element.setAttribute(name, value)
      else element[name] = value
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined))
    return element
  }

  const button = (text, onclick, properties = {}) =>
    el('button', { type: 'button', onclick, ...properties }, text)

  let ids = 0
  /** An input with its label. */
  function field(label, properties = {}, tag = 'input') {
    const id = `live-${(ids += 1)}`
    const input = el(tag, { id, ...properties })
    return [el('label', { for: id }, label), input]
  }

  /** A choice among some values, with its label. */
  function choice(label, values, onchange) {
    const options = values.map(([value, text]) => el('option', { value }, text))
    const [name, select] = field(label, { onchange }, 'select')
    select.append(...options)
    return [name, select]
  }

  // --- Bytes ---------------------------------------------------------------------

  const NAMES = { '\r': '\\r', '\n': '\\n', '\t': '\\t' }
  /** A byte, which is a character from U+0000 to U+00FF, as something that can be seen. */
  const visible = (byte) => NAMES[byte] ?? (byte >= ' ' && byte <= '~' ? byte : `\\x${hex(byte)}`)
  const hex = (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')
  /** Bytes as text that can be read; each line end begins a line. */
  const readable = (bytes) =>
    [...bytes].map(visible).join('').replaceAll('\\r\\n', '\\r\\n\n').replace(/\n$/, '')

  const ESCAPES = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\\': '\\\\' }
  /** Bytes as a script writes them. */
  const escaped = (bytes) =>
    [...bytes]
      .map((byte) => ESCAPES[byte] ?? (byte >= ' ' && byte <= '~' ? byte : `\\x${hex(byte)}`))
      .join('')

  /** What somebody has typed or pasted, as bytes: line ends become CR LF, escapes are known. */
  function typed(text) {
    const utf8 = [...new TextEncoder().encode(text.replace(/\r?\n/g, '\r\n'))]
    return utf8
      .map((byte) => String.fromCharCode(byte))
      .join('')
      .replace(/\\(r|n|t|\\|x[0-9a-fA-F]{2})/g, (_, it) =>
        it[0] === 'x'
          ? String.fromCharCode(parseInt(it.slice(1), 16))
          : { r: '\r', n: '\n', t: '\t', '\\': '\\' }[it],
      )
  }

  const plural = (count, name) => `${count.toLocaleString('en')} ${name}${count === 1 ? '' : 's'}`

  // --- Parts ---------------------------------------------------------------------

  /** A table with a caption and a row of headings. */
  function table(caption, headings, rows) {
    const head = el(
      'tr',
      {},
      headings.map((text) => el('th', { scope: 'col' }, text)),
    )
    const body = rows.map((cells) =>
      el(
        'tr',
        {},
        cells.map((cell) => el('td', {}, cell)),
      ),
    )
    const whole = el(
      'table',
      {},
      el('caption', {}, caption),
      el('thead', {}, head),
      el('tbody', {}, body),
    )
    return el(
      'div',
      { className: 'live-table', tabIndex: 0, role: 'region', 'aria-label': caption },
      whole,
    )
  }

  /** A row of states, of which one is the present one. */
  function states(name, all, present) {
    const chip = (state) =>
      el('li', state === present ? { className: 'live-now', 'aria-current': 'true' } : {}, state)
    return el(
      'div',
      { className: 'live-states' },
      el('span', {}, name),
      el('ul', {}, all.map(chip)),
    )
  }

  /** A name and a value. */
  const fact = (name, value) => [el('dt', {}, name), el('dd', {}, value)]
  const facts = (...pairs) =>
    el(
      'dl',
      { className: 'live-facts' },
      pairs.flatMap(([name, value]) => fact(name, value)),
    )

  const listing = (text) => el('pre', { className: 'live-bytes', tabIndex: 0 }, text)

  /** What was called in a step, and what came of it. */
  const calls = (step) =>
    table(
      'Calls of this step',
      ['call', 'result'],
      step.calls.map(([call, result]) => [el('code', {}, call), el('code', {}, result)]),
    )

  // --- A figure that plays a script ------------------------------------------------

  /**
   * A figure whose state is a script: buttons append steps, and all is played from the beginning.
   *
   *   head       lines before the first step
   *   steps      the steps it begins with
   *   controls   (add) => elements; `add(...lines)` appends steps
   *   view       (step, answer, steps) => elements
   *   say        (step, answer, steps) => a sentence, which is read aloud
   *   onReset    what to do besides, when all starts again
   *   isLinked   whether the address of a page may hold the steps
   */
  function stepper(root, { head, steps = [], controls, view, say, onReset, isLinked }) {
    let lines = [...steps]
    const stage = el('div', { className: 'live-stage' })
    const status = el('p', { className: 'live-say', role: 'status', 'aria-live': 'polite' })
    const history = el('ol', { className: 'live-history' })
    const link = el('a', {}, 'A link to these steps')
    const begin = () => (typeof head === 'function' ? head() : head)

    async function show() {
      const [answer] = await Live.run([[...begin(), ...lines].join('\n')])
      const step = answer.steps.at(-1)
      stage.replaceChildren(...view(step, answer, lines).flat().filter(Boolean))
      status.textContent = answer.error ?? say(step, answer, lines)
      history.replaceChildren(...lines.map((line) => el('li', {}, el('code', {}, line))))
      link.href = `#step=${encodeURIComponent([...begin(), ...lines].join('\n'))}`
      root.dataset.ready = String(lines.length)
    }

    async function append(more) {
      const [answer] = await Live.run([[...begin(), ...lines, ...more].join('\n')])
      if (answer.error) {
        status.textContent = answer.error.replace(/^line \d+: /, 'That is not possible: ')
        return
      }
      lines.push(...more)
      await show()
    }

    // One after the other, however quickly the buttons are pressed.
    let last = Promise.resolve()
    const next = (action) => (last = last.then(action, action))
    const add = (...more) => next(() => append(more))
    const replace = (all) => next(() => ((lines = [...all()]), show()))

    const undo = button('Take back', () => replace(() => lines.slice(0, -1)))
    const reset = button('Start again', () => (onReset?.(), replace(() => steps)))
    root.replaceChildren(
      el('div', { className: 'live-controls' }, controls(add)),
      el('div', { className: 'live-controls' }, undo, reset),
      status,
      stage,
      el('details', {}, el('summary', {}, 'The steps so far'), history, isLinked ? link : null),
    )
    return { show }
  }

  // --- All figures of a page --------------------------------------------------------

  Object.assign(Live, {
    el,
    button,
    field,
    choice,
    visible,
    readable,
    escaped,
    typed,
    plural,
    table,
    states,
    facts,
    listing,
    calls,
    stepper,
    figure: (name, build) => (figures[name] = build),
  })

  async function start() {
    for (const place of document.querySelectorAll('div.live[data-figure]')) {
      const build = figures[place.dataset.figure]
      if (!build || !Live.canRun()) continue
      const fallback = [...place.childNodes]
      const root = el('div', { className: 'live-root' })
      place.setAttribute('role', 'group')
      // mdBook turns the page with the arrow keys.
      place.addEventListener('keydown', (event) => event.stopPropagation())
      try {
        place.append(root)
        const title = await build(root, place)
        place.setAttribute('aria-label', title)
        fallback.forEach((node) => node.remove())
        place.prepend(el('p', { className: 'live-title' }, title))
        place.dataset.live = 'on'
      } catch (error) {
        root.remove()
        console.error(error)
      }
    }
  }

  // On paper nothing moves: the texts stay.
  const isPaper = /\/print\.html$/.test(globalThis.location?.pathname)
  if (globalThis.document && !isPaper) addEventListener('DOMContentLoaded', start)
})()
