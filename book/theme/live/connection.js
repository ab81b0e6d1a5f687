// Figures of one connection: the state stepper, whether it is kept, how it ends, windows of HTTP/2,
// and head-of-line blocking. All of them run the protocol.
;(() => {
  const { el, button, field, choice, typed, readable, escaped, plural } = Live

  const PHASES = ['Open', 'Flushing', 'Lingering', 'Closed']
  const INCOMING = ['Head', 'Body', 'Complete', 'Upgraded', 'Ignored']
  const OUTGOING = ['Nothing', 'Owed', 'Bytes', 'File', 'Stream']

  const seconds = (ms) => `${Number((ms / 1000).toFixed(2))} s`

  /** The states of a connection, as far as what is spoken has them. */
  const rows = (step) => [
    step.phase && Live.states('Phase', PHASES, step.phase),
    step.incoming && Live.states('Incoming', INCOMING, step.incoming),
    step.outgoing && Live.states('Outgoing', OUTGOING, step.outgoing),
  ]

  /** What is waited for, in the order of the five waits. */
  const waits = (step) => {
    if (step.end === 'closed') return 'for nothing: it is over'
    const all = [
      step.read && 'input',
      step.unsent > 0 && 'room to send',
      step.deadline !== null && `the moment ${seconds(step.deadline)}`,
      step.work.length > 0 && plural(step.work.length, 'piece') + ' of work',
      'shutdown',
    ]
    return all.filter(Boolean).join(', ')
  }

  const buffer = (bytes) =>
    bytes ? `${plural(bytes.length, 'byte')}: ${readable(cut(bytes))}` : 'empty'
  const cut = (bytes) => (bytes.length > 120 ? bytes.slice(0, 117) + '...' : bytes)

  /** All that there is to see of a connection. */
  const view = (step) => [
    ...rows(step),
    Live.facts(
      ['Time', seconds(step.time)],
      ['Waits for', waits(step)],
      ['In the socket, unread', buffer(step.socket)],
      ['Read, not consumed', buffer(step.kept)],
      ['Written, not taken', plural(step.unsent, 'byte')],
      ['Connection', step.end],
    ),
    step.out && el('h4', {}, 'Written in this step'),
    step.out && Live.listing(step.frames || readable(cut800(step.out))),
    step.told.length > 0 && Live.facts(['The socket was told', step.told.join(', ')]),
    Live.calls(step),
  ]
  const cut800 = (bytes) => (bytes.length > 800 ? bytes.slice(0, 800) + '...' : bytes)

  const status = (out) => [...out.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((it) => it[1]).join(', ')
  const say = (step) => {
    const answered = status(step.out)
    const wrote = answered
      ? `It answers ${answered}.`
      : step.out
        ? `It writes ${step.frames || plural(step.out.length, 'byte')}.`
        : 'It writes nothing.'
    return `${wrote} It waits: ${waits(step)}.`
  }

  const clock = (add) => {
    const [label, time] = field('Clock, seconds', { type: 'number', min: 0.1, step: 0.1, value: 1 })
    return [
      label,
      time,
      button('Let time pass', () => add(`pass ${Math.round(Number(time.value) * 1000) || 0}`)),
    ]
  }

  const workControls = (add) => [
    button('The oldest work is done', () => add('complete 0')),
    button('The newest work is done', (event) => {
      const count = Number(event.target.closest('.live-root').dataset.work || 0)
      return add(`complete ${Math.max(0, count - 1)}`)
    }),
  ]

  /** The script in the address, if the page was opened with one. */
  function linked() {
    const found = /^#step=(.*)$/.exec(location.hash)
    return found ? decodeURIComponent(found[1]).split('\n').filter(Boolean) : null
  }

  const remember = (step, root) => (root.dataset.work = String(step.work.length))

  // --- The stepper ---------------------------------------------------------------------

  Live.figure('stepper', async (root) => {
    const script = linked()
    const isHead = (line) => /^(speak|limit) /.test(line)
    const speaks = script?.filter(isHead) ?? []
    if (!speaks.some((line) => line.startsWith('speak'))) speaks.push('speak http1')
    const text = 'GET /work HTTP/1.1\nHost: example.org\n\n'
    const figure = Live.stepper(root, {
      head: () => speaks,
      steps: (script ?? ['receive GET /work HTTP/1.1\\r\\nHost: exa']).filter(
        (line) => !isHead(line),
      ),
      controls: (add) => {
        const [label, bytes] = field(
          'Bytes that arrive',
          { rows: 4, value: text, spellcheck: false },
          'textarea',
        )
        return [
          el('div', { className: 'live-wide' }, label, bytes),
          button('They arrive', () => add(`receive ${escaped(typed(bytes.value))}`)),
          button('The client closes its side', () => add('eof')),
          ...clock(add),
          ...workControls(add),
          button('The client takes no output', () => add('takes none')),
          button('It takes output again', () => add('takes all')),
          button('Shutdown, within 5 s', () => add('shutdown 5000')),
          button('Ask for a WebSocket', () => add('upgrade')),
        ]
      },
      view: (step) => (remember(step, root), view(step)),
      say,
      isLinked: true,
    })
    await figure.show()
    if (script) root.scrollIntoView()
    return 'Drive a connection: bytes, time, work'
  })

  // --- Is it kept? -----------------------------------------------------------------------

  Live.figure('keep-alive', async (root) => {
    const [versionLabel, version] = choice(
      'Version',
      [
        ['1.1', 'HTTP/1.1'],
        ['1.0', 'HTTP/1.0'],
      ],
      show,
    )
    const [fieldLabel, connection] = choice(
      'Connection field',
      [
        ['', 'none'],
        ['close', 'close'],
        ['keep-alive', 'keep-alive'],
        ['Keep-Alive, close', 'keep-alive, close'],
        ['upgrade', 'upgrade'],
      ],
      show,
    )
    const [bodyLabel, body] = choice(
      'Body',
      [
        ['none', 'none'],
        ['5', '5 bytes, all sent'],
        ['part', '5 bytes, 2 of them sent'],
        ['huge', '1 GiB announced, refused'],
      ],
      show,
    )
    const [downLabel, down] = choice(
      'Shutdown',
      [
        ['no', 'has not begun'],
        ['yes', 'has begun'],
      ],
      show,
    )
    const stage = el('div')
    const said = el('p', { className: 'live-say', role: 'status', 'aria-live': 'polite' })

    const request = () => {
      const path = body.value === 'huge' ? '/refuse' : '/echo/hi'
      const method = body.value === 'none' ? 'GET' : 'POST'
      const lines = [`${method} ${path} HTTP/${version.value}`, 'Host: example.org']
      if (connection.value) lines.push(`Connection: ${connection.value}`)
      const length = { none: null, 5: 5, part: 5, huge: 1 << 30 }[body.value]
      if (length !== null) lines.push(`Content-Length: ${length}`)
      const content = { none: '', 5: 'hello', part: 'he', huge: '' }[body.value]
      return `${lines.join('\r\n')}\r\n\r\n${content}`
    }

    async function show() {
      const bytes = request()
      const steps = [
        down.value === 'yes' ? 'shutdown 10000' : '# no shutdown',
        `receive ${escaped(bytes)}`,
      ]
      const [answer] = await Live.run([steps.join('\n')])
      const step = answer.steps.at(-1)
      const kept = step.phase === 'Open'
      const waits = step.incoming === 'Body'
      said.textContent = waits
        ? 'Not decided: the body is not complete.'
        : kept
          ? 'It is kept. The next request may come.'
          : `It is not kept: after ${status(step.out) || 'no answer'} the phase is ${step.phase}.`
      stage.replaceChildren(
        Live.listing(readable(bytes)),
        ...rows(step).filter(Boolean),
        Live.listing(readable(step.out) || 'nothing is written yet'),
      )
      root.dataset.kept = waits ? 'open' : String(kept)
    }

    root.append(
      el(
        'div',
        { className: 'live-controls' },
        versionLabel,
        version,
        fieldLabel,
        connection,
        bodyLabel,
        body,
        downLabel,
        down,
      ),
      said,
      stage,
    )
    await show()
    return 'Is the connection kept?'
  })

  // --- How it ends ------------------------------------------------------------------------

  Live.figure('ending', async (root) => {
    const request =
      'receive GET /echo/bye HTTP/1.1\\r\\nHost: example.org\\r\\nConnection: close\\r\\n\\r\\n'
    const upload =
      'receive POST /refuse HTTP/1.1\\r\\nHost: h\\r\\nContent-Length: 1073741824\\r\\n\\r\\n'
    const figure = Live.stepper(root, {
      head: ['speak http1'],
      steps: [],
      controls: (add) => [
        button('A last request, “Connection: close”', () => add(request)),
        button('An upload that is refused', () => add(upload)),
        button('The beginning of a request', () => add('receive GET /ec')),
        button('A request for work', () =>
          add('receive GET /work HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n'),
        ),
        button('The client closes its side', () => add('eof')),
        button('The client still sends', () => add('receive more')),
        button('The work is done', () => add('complete')),
        button('One second passes', () => add('pass 1000')),
        button('The client takes nothing', () => add('takes none')),
        button('It takes again', () => add('takes all')),
      ],
      view: (step) => [
        ...rows(step),
        Live.facts(
          ['Our side', step.end === 'open' ? 'open' : 'closed (shutdown of the write side)'],
          ['Connection', step.end],
          ['Waits for', waits(step)],
          ['Time', seconds(step.time)],
        ),
        step.out && Live.listing(readable(cut(step.out))),
        Live.calls(step),
      ],
      say: (step) => {
        if (step.end === 'closed') return 'The connection is closed.'
        if (step.phase === 'Lingering')
          return `It lingers until the client closes, or until ${seconds(step.deadline)}.`
        return say(step)
      },
    })
    await figure.show()
    return 'Half-close and linger'
  })

  // --- Windows of HTTP/2 --------------------------------------------------------------------

  Live.figure('windows', async (root) => {
    const WINDOW = 10
    const asked = new Map()
    const granted = (lines, stream) =>
      lines
        .map((line) => new RegExp(`^window ${stream} (\\d+)`).exec(line))
        .reduce((sum, it) => sum + Number(it?.[1] ?? 0), WINDOW)

    /** How much of each stream has been sent, from all that was written. */
    function streams(answer, lines) {
      const all = new Map()
      const written = answer.steps.map((step) => step.frames).join(', ')
      for (const [, stream, path] of lines
        .map((line) => /^get (\d+) (.*)$/.exec(line))
        .filter(Boolean)) {
        const pieces = [
          ...written.matchAll(new RegExp(`DATA ${stream} \\((\\d+) bytes\\)( END_STREAM)?`, 'g')),
        ]
        const sent = pieces.reduce((sum, it) => sum + Number(it[1]), 0)
        const length = Number(/\/bytes\/(\d+)/.exec(path)?.[1] ?? 0)
        all.set(stream, {
          sent,
          length,
          isDone: pieces.some((it) => it[2]),
          window: granted(lines, stream) - sent,
        })
      }
      return all
    }

    const bar = (stream, { sent, length, isDone, window }) =>
      el(
        'div',
        { className: 'live-bar' },
        el('span', {}, `Stream ${stream}`),
        el('meter', {
          min: 0,
          max: length,
          value: sent,
          'aria-label': `stream ${stream}: ${sent} of ${length} bytes sent`,
        }),
        el(
          'span',
          {},
          `${sent} of ${length} bytes sent, window ${window}`,
          isDone ? ', ended' : window === 0 ? ', waits for a window' : '',
        ),
      )

    let next = 1
    const figure = Live.stepper(root, {
      head: ['speak http2', `preface ${WINDOW}`],
      steps: [],
      controls: (add) => {
        const [bytesLabel, bytes] = field('Bytes to ask for', {
          type: 'number',
          min: 1,
          max: 60,
          value: 25,
        })
        const [streamLabel, stream] = field('Stream', { type: 'number', min: 1, step: 2, value: 1 })
        const [roomLabel, room] = field('Room', { type: 'number', min: 1, max: 60, value: 10 })
        const ask = () => {
          asked.set(next, Number(bytes.value))
          const line = `get ${next} /bytes/${Math.max(1, Number(bytes.value) || 1)}`
          next += 2
          return add(line)
        }
        return [
          bytesLabel,
          bytes,
          button('Ask on a new stream', ask),
          streamLabel,
          stream,
          roomLabel,
          room,
          button('WINDOW_UPDATE', () =>
            add(`window ${Number(stream.value)} ${Number(room.value)}`),
          ),
          button('Give the stream up', () => add(`reset ${Number(stream.value)}`)),
          button('20 seconds pass', () => add('pass 20000')),
        ]
      },
      view: (step, answer, lines) => [
        ...[...streams(answer, lines)].map(([stream, state]) => bar(stream, state)),
        Live.facts(
          ['Time', seconds(step.time)],
          ['Waits for', waits(step)],
          ['Unsent in the socket', plural(step.unsent, 'byte')],
        ),
        Live.facts(['Frames written in this step', step.frames || 'none']),
      ],
      say: (step, answer, lines) => {
        const waiting = [...streams(answer, lines)].filter(
          ([, it]) => !it.isDone && it.window === 0,
        )
        const wrote = step.frames ? `Written: ${step.frames}.` : 'Nothing is written.'
        return waiting.length > 0
          ? `${wrote} ${waiting.map(([stream]) => `Stream ${stream}`).join(', ')}: no window.`
          : wrote
      },
      onReset: () => (next = 1),
    })
    await figure.show()
    return 'Windows: each stream may send 10 bytes at first'
  })

  // --- Head of the line ---------------------------------------------------------------------

  Live.figure('head-of-line', async (root) => {
    const [workLabel, work] = field('The work takes (ms)', {
      type: 'range',
      min: 100,
      max: 2000,
      step: 100,
      value: 1000,
    })
    const [sleepLabel, sleep] = field('The sleep takes (ms)', {
      type: 'range',
      min: 100,
      max: 2000,
      step: 100,
      value: 300,
    })
    const stage = el('div')
    const said = el('p', { className: 'live-say', role: 'status', 'aria-live': 'polite' })
    const paths = () => ['/echo/a', '/work', `/sleep/${sleep.value}`, '/echo/b']
    const PIPELINED = 'HTTP/1.1, pipelined'
    const THREAD = 'HTTP/2, a thread does the work itself'

    /** Three ways to be served: what arrives, and what happens while the work is done. */
    function scripts() {
      const requests = paths()
        .map((path) => `GET ${path} HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n`)
        .join('')
      const streams = paths().map((path, at) => `get ${2 * at + 1} ${path}`)
      const ms = Number(work.value)
      // Small steps, so that a moment is seen when it comes; a thread that works sees none.
      const slices = Array(ms / 100).fill('pass 100')
      const after = Array(Number(sleep.value) / 100 + 1).fill('pass 100')
      const http2 = ['speak http2', 'preface 65535', ...streams]
      // A thread works first and sends when it waits: until then nobody takes what is written.
      const working = ['takes none', `late ${ms}`, 'complete', 'pass 0', 'takes all']
      return {
        [PIPELINED]: ['speak http1', `receive ${requests}`, ...slices, 'complete', ...after],
        'HTTP/2, work done elsewhere': [...http2, ...slices, 'complete', ...after],
        [THREAD]: [...http2, ...working, ...after],
      }
    }

    /** When each request was answered, in milliseconds. */
    function times(answer, name) {
      const found = []
      let count = 0
      const earliest = name === THREAD ? Number(work.value) : 0
      for (const step of answer.steps) {
        if (name === PIPELINED) {
          for (const _ of step.out.matchAll(/HTTP\/1\.1 200/g)) found[count++] = step.time
        } else {
          for (const [, stream] of step.frames.matchAll(/HEADERS (\d+)/g))
            found[(stream - 1) / 2] = Math.max(step.time, earliest)
        }
      }
      return found
    }

    async function show() {
      const all = Object.entries(scripts())
      const answers = await Live.run(all.map(([, lines]) => lines.join('\n')))
      const most = Number(work.value) + Number(sleep.value)
      const results = all.map(([name], at) => [name, times(answers[at], name)])
      const bars = results.map(([name, found]) =>
        el(
          'div',
          {},
          el('h4', {}, name),
          paths().map((path, at) =>
            el(
              'div',
              { className: 'live-bar' },
              el('code', {}, path),
              el('meter', {
                min: 0,
                max: most,
                value: found[at] || 1,
                'aria-label': `${path} is answered after ${found[at]} ms`,
              }),
              el('span', {}, found[at] === 0 ? 'at once' : `${found[at]} ms`),
            ),
          ),
        ),
      )
      stage.replaceChildren(...bars)
      const last = results.map(
        ([name, found]) => `${name}: ${found[3] === 0 ? 'at once' : `after ${found[3]} ms`}`,
      )
      said.textContent = `The last request is answered, with ${last.join('; ')}.`
      root.dataset.times = JSON.stringify(results.map(([, found]) => found))
    }

    for (const input of [work, sleep]) input.addEventListener('input', show)
    root.append(
      el('div', { className: 'live-controls' }, workLabel, work, sleepLabel, sleep),
      said,
      stage,
    )
    await show()
    return 'Head-of-line blocking: four requests at once'
  })
})()
