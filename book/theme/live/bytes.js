// Figures of bytes: where an input is cut, a chunked body and a frame of WebSocket by the byte.
;(() => {
  const { el, button, field, choice, typed, visible, readable, escaped, plural } = Live

  /** A row of bytes, of which one is looked at: by a click, or with the arrow keys. */
  function row(bytes, { classOf = () => '', labelOf, onLook, at = 0 }) {
    const list = el('div', {
      className: 'live-row',
      role: 'slider',
      tabIndex: 0,
      'aria-label': 'byte',
      'aria-valuemin': '0',
      'aria-valuemax': String(Math.max(0, bytes.length - 1)),
    })
    const cells = [...bytes].map((byte, place) =>
      el(
        'span',
        { className: `live-byte ${classOf(place)}`, 'data-at': String(place) },
        labelOf ? labelOf(byte) : visible(byte),
      ),
    )
    list.append(...cells)
    const look = (place) => {
      const to = Math.min(Math.max(0, place), cells.length - 1)
      if (to < 0) return
      cells.forEach((cell, index) => cell.classList.toggle('live-looked', index === to))
      list.setAttribute('aria-valuenow', String(to))
      list.setAttribute('aria-valuetext', onLook(to))
      list.dataset.at = String(to)
    }
    list.addEventListener('click', (event) => {
      const cell = event.target.closest('[data-at]')
      if (cell && cell !== list) look(Number(cell.dataset.at))
    })
    list.addEventListener('keydown', (event) => {
      const now = Number(list.dataset.at)
      const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: cells.length - 1 }[
        event.key
      ]
      if (to === undefined) return
      event.preventDefault()
      look(to)
    })
    look(at)
    return list
  }

  // --- The cutter ---------------------------------------------------------------------

  const TWO =
    'GET /echo/one HTTP/1.1\nHost: example.org\n\nGET /echo/two HTTP/1.1\nHost: example.org\n\n'

  Live.figure('cutter', async (root) => {
    const [label, input] = field(
      'What the client sends',
      { rows: 7, value: TWO, spellcheck: false },
      'textarea',
    )
    const strip = el('div', { className: 'live-row live-cuttable' })
    const reads = el('div')
    const said = el('p', { className: 'live-say', role: 'status', 'aria-live': 'polite' })
    const tried = el('p', { role: 'status', 'aria-live': 'polite' })
    let bytes = typed(input.value)
    let cuts = [33]

    const pieces = () => {
      const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
      return edges
        .slice(1)
        .map((end, at) => bytes.slice(edges[at], end))
        .filter((piece) => piece)
    }

    async function show() {
      const parts = pieces()
      const [answer] = await Live.run([
        ['speak http1', ...parts.map((part) => `receive ${escaped(part)}`)].join('\n'),
      ])
      const steps = answer.steps.slice(1)
      const rows = parts.map((part, at) => [
        String(part.length),
        String(steps[at].consumed),
        String(steps[at].kept.length),
        statuses(steps[at].out) || 'nothing',
      ])
      reads.replaceChildren(
        Live.table('Reads', ['bytes come', 'consumed', 'kept', 'answered'], rows),
      )
      const all =
        steps
          .map((step) => statuses(step.out))
          .filter(Boolean)
          .join(', ') || 'nothing'
      said.textContent = `${plural(parts.length, 'read')}; answered: ${all}.`
      root.dataset.answered = all
    }

    function move(index, to) {
      cuts[index] = Math.min(Math.max(1, to), bytes.length - 1)
      draw(index)
      return show()
    }

    /** A cut is a slider: drag it, or move it with the arrow keys. */
    function handle(index) {
      const at = cuts[index]
      const knife = el(
        'button',
        {
          type: 'button',
          className: 'live-cut',
          role: 'slider',
          'aria-label': `cut ${index + 1}`,
          'data-cut': String(index),
          'aria-valuemin': '1',
          'aria-valuemax': String(bytes.length - 1),
          'aria-valuenow': String(at),
          'aria-valuetext': `after byte ${at}`,
        },
        '|',
      )
      knife.addEventListener('keydown', (event) => {
        const by = {
          ArrowRight: 1,
          ArrowUp: 1,
          ArrowLeft: -1,
          ArrowDown: -1,
          PageUp: 10,
          PageDown: -10,
        }[event.key]
        const to = by ? cuts[index] + by : { Home: 1, End: bytes.length - 1 }[event.key]
        if (to === undefined) return
        event.preventDefault()
        move(index, to)
      })
      knife.addEventListener('pointerdown', (event) => {
        event.preventDefault()
        const follow = (moved) => {
          const under = document
            .elementFromPoint(moved.clientX, moved.clientY)
            ?.closest('.live-cuttable [data-at]')
          if (under) move(index, Number(under.dataset.at))
        }
        const stop = () => {
          removeEventListener('pointermove', follow)
          removeEventListener('pointerup', stop)
          removeEventListener('pointercancel', stop)
        }
        addEventListener('pointermove', follow)
        addEventListener('pointerup', stop)
        addEventListener('pointercancel', stop)
      })
      return knife
    }

    function draw(focused) {
      const cells = []
      for (let at = 0; at < bytes.length; at += 1) {
        cuts.forEach((cut, index) => cut === at && cells.push(handle(index)))
        cells.push(
          el('span', { className: 'live-byte', 'data-at': String(at) }, visible(bytes[at])),
        )
      }
      strip.replaceChildren(...cells)
      if (focused !== undefined) strip.querySelector(`[data-cut="${focused}"]`)?.focus()
    }

    const begin = () => {
      bytes = typed(input.value)
      cuts = cuts.filter((cut) => cut < bytes.length)
      tried.textContent = ''
      draw()
      return show()
    }
    input.addEventListener('input', begin)

    async function tryAll() {
      const start = performance.now()
      const [answer] = await Live.run([`speak http1\ncuts ${escaped(bytes)}`])
      const [[ways, result]] = answer.steps.at(-1).calls
      const took = ((performance.now() - start) / 1000).toFixed(1)
      const count = Number(ways.split(' ')[0]).toLocaleString('en')
      tried.textContent = `${count} ways to cut it twice, tried in ${took} s: ${result}.`
      root.dataset.tried = result
    }

    root.append(
      el('div', { className: 'live-wide' }, label, input),
      strip,
      el(
        'div',
        { className: 'live-controls' },
        button(
          'Another cut',
          () => (cuts.push(Math.ceil(bytes.length / 2)), draw(cuts.length - 1), show()),
        ),
        button('One cut less', () => (cuts.pop(), draw(), show())),
        button(
          'A read for each byte',
          () => ((cuts = [...bytes].map((_, at) => at).slice(1)), draw(), show()),
        ),
        button('Try all ways to cut twice', tryAll),
      ),
      said,
      reads,
      tried,
    )
    draw()
    await show()
    return 'Cut it anywhere: what does the server answer?'
  })

  const statuses = (out) => [...out.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((it) => it[1]).join(', ')

  // --- The chunk decoder ------------------------------------------------------------------

  Live.figure('chunks', async (root) => {
    const [label, input] = field(
      'A chunked body',
      { rows: 6, value: '5\nhello\n6;a=b\n world\n0\n\n', spellcheck: false },
      'textarea',
    )
    const stage = el('div')
    const said = el('p', { className: 'live-say', role: 'status', 'aria-live': 'polite' })
    async function show() {
      const bytes = typed(input.value)
      const [answer] = await Live.run([`speak chunks\nreceive ${escaped(bytes)}`])
      const step = answer.steps.at(-1)
      const kind = {
        content: 'live-content',
        trailer: 'live-trailer',
        refused: 'live-refused',
        'not looked at': 'live-off',
        'behind the end': 'live-off',
      }
      const look = (at) => {
        const [byte, role, after] = step.bytes[at]
        const text = `byte ${at + 1}, ${visible(byte)}: ${role}; the state after it is ${after}`
        said.textContent = `${text[0].toUpperCase()}${text.slice(1)}.`
        return text
      }
      const last = step.bytes.length - 1
      stage.replaceChildren(
        row(bytes, { classOf: (at) => kind[step.bytes[at][1]] ?? '', onLook: look, at: last }),
        Live.facts(
          ['Content so far', readable(step.content) || 'none'],
          ['State', step.refused ? `refused: ${step.refused}` : step.state],
        ),
      )
      if (last < 0) said.textContent = 'No byte has come. The state is Size.'
      root.dataset.state = step.refused ? 'refused' : step.state
    }
    input.addEventListener('input', show)
    root.append(el('div', { className: 'live-wide' }, label, input), stage, said)
    await show()
    return 'A chunked body, byte by byte'
  })

  // --- Frames -------------------------------------------------------------------------------

  Live.figure('frames', async (root) => {
    const kinds = [
      ['text', 'text'],
      ['binary', 'binary, so many bytes'],
      ['ping', 'ping'],
      ['close', 'close, with this code'],
      ['receive', 'bytes as they are (\\x81\\x02hi)'],
    ]
    const [kindLabel, kind] = choice('The client sends', kinds, () => {
      text.value = {
        text: 'Hello',
        binary: '126',
        ping: 'are you there?',
        close: '1000',
        receive: '\\x81\\x02hi',
      }[kind.value]
      show()
    })
    const [textLabel, text] = field('Content', { value: 'Hello', spellcheck: false })
    const stage = el('div')
    const said = el('p', { className: 'live-say', role: 'status', 'aria-live': 'polite' })
    const hex = (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')

    const section = (name, frames) => {
      const classes = {
        kind: 'live-kind',
        length: 'live-length',
        key: 'live-key',
        payload: 'live-content',
      }
      const shown = frames.bytes.slice(0, 160)
      const look = (at) => {
        const [byte, part, means] = shown[at]
        const told = `byte ${at + 1}, ${hex(byte)}: ${part}, ${means}`
        said.textContent = `${name}, ${told}.`
        return told
      }
      return el(
        'section',
        {},
        el('h4', {}, `${name}: ${frames.frames || 'nothing'}`),
        shown.length
          ? row(shown.map(([byte]) => byte).join(''), {
              classOf: (at) => classes[shown[at][1]],
              labelOf: hex,
              onLook: look,
            })
          : '',
        frames.bytes.length > shown.length
          ? el('p', {}, `and ${frames.bytes.length - shown.length} more bytes`)
          : '',
      )
    }

    async function show() {
      const content = kind.value === 'receive' ? text.value : escaped(typed(text.value))
      const step = `${kind.value} ${content}`
      const [sent] = await Live.run([`speak frames\n${step}`])
      if (sent.error) {
        said.textContent = sent.error.replace(/^line \d+: /, 'That is not possible: ')
        return
      }
      const [answer] = await Live.run([`speak http1\nupgrade\n${step}`])
      const last = answer.steps.at(-1)
      const [answered] = await Live.run([`speak frames\nreceive ${escaped(last.out)}`])
      stage.replaceChildren(
        section('From the client', sent.steps.at(-1)),
        section('From the server', answered.steps.at(-1)),
        Live.facts(
          ['The socket was told', last.told.join(', ') || 'nothing'],
          ['Connection', last.end],
        ),
      )
      root.dataset.told = last.told.join(', ')
      root.dataset.answered = answered.steps.at(-1).frames
    }
    text.addEventListener('input', show)
    root.append(
      el('div', { className: 'live-controls' }, kindLabel, kind, textLabel, text),
      said,
      stage,
    )
    await show()
    return 'A WebSocket frame, byte by byte, and the answer'
  })
})()
