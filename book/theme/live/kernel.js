// Figures of what stands under the loop: edge or level, the ring and its buffers, and a pool of
// threads. They run small models, which are in book/live/src/models, with their tests.
;(() => {
  const { el, button, field, plural } = Live

  const MODEL = 'A model: it shows one rule, and is not the kernel.'

  // --- Edge or level --------------------------------------------------------------------

  Live.figure('edge', async (root) => {
    const triggers = ['level', 'edge']
    const figures = []
    const both = el('div', { className: 'live-pair' })
    const [label, bytes] = field('Bytes', { type: 'number', min: 1, max: 60000, value: 300 })
    const all = (line) => Promise.all(figures.map(({ add }) => add(line)))
    const said = el('p', { className: 'live-say', role: 'status', 'aria-live': 'polite' })

    /** The same steps, told to a poller of one kind. */
    function column(trigger) {
      let lines = []
      const stage = el('div')
      async function show() {
        const [answer] = await Live.run([[`speak poller ${trigger}`, ...lines].join('\n')])
        const step = answer.steps.at(-1)
        stage.replaceChildren(
          Live.facts(
            ['In the socket', plural(step.left, 'byte') + (step.atEnd ? ', then the end' : '')],
            [
              'The last wait',
              step.event === 'sleeps'
                ? 'sleeps: no event'
                : step.event === 'none'
                  ? 'none yet'
                  : 'an event: readable',
            ],
            ['The last read', step.read === 'none' ? 'none yet' : step.read],
            ['System calls', String(step.calls)],
          ),
          el(
            'p',
            { className: step.stuck ? 'live-bad' : '' },
            step.stuck
              ? 'Something is there, and no event will say so.'
              : step.tells
                ? 'The next wait returns at once.'
                : 'The next wait sleeps until something comes.',
          ),
        )
        stage.dataset.stuck = String(step.stuck)
        return { trigger, step }
      }
      const heading =
        trigger === 'edge' ? 'Edge-triggered (EPOLLET)' : 'Level-triggered (poll, epoll)'
      both.append(el('section', { 'data-trigger': trigger }, el('h4', {}, heading), stage))
      return {
        show,
        add: async (line) => (lines.push(line), show()),
        clear: async () => ((lines = []), show()),
      }
    }

    const does = async (line) => {
      const [level, edge] = await all(line)
      const of = ({ step }) =>
        step.stuck
          ? 'has bytes left that it will not hear of'
          : step.tells
            ? 'will hear of it'
            : 'sleeps'
      const told = [level, edge].map(of)
      said.textContent = `The level-triggered loop ${told[0]}; the edge-triggered loop ${told[1]}.`
    }

    for (const trigger of triggers) figures.push(column(trigger))
    root.append(
      el(
        'div',
        { className: 'live-controls' },
        label,
        bytes,
        button('Bytes arrive', () => does(`arrive ${Number(bytes.value) || 1}`)),
        button('Wait for events', () => does('wait')),
        button('Read 100 bytes, once', () => does('read 100')),
        button('Read until WouldBlock', () => does('drain 100')),
        button('The client closes its side', () => does('eof')),
        button(
          'Start again',
          () => (figures.forEach(({ clear }) => clear()), (said.textContent = 'Empty.')),
        ),
      ),
      said,
      both,
      el('p', { className: 'live-note' }, MODEL),
    )
    await Promise.all(figures.map(({ show }) => show()))
    return 'Edge or level: the same bytes, two pollers'
  })

  // --- The ring -------------------------------------------------------------------------

  Live.figure('ring', async (root) => {
    const owner = {
      kernel: 'the kernel may write',
      completion: 'filled; its completion waits',
      program: 'the program reads it',
    }
    const queue = (name, items) =>
      el(
        'div',
        { className: 'live-states' },
        el('span', {}, name),
        el(
          'ul',
          {},
          items.length
            ? items.map((it) => el('li', {}, it))
            : [el('li', { className: 'live-none' }, 'empty')],
        ),
      )
    const figure = Live.stepper(root, {
      head: ['speak ring 3 100'],
      steps: [],
      controls: (add) => {
        const [label, bytes] = field('Bytes', { type: 'number', min: 1, max: 1000, value: 150 })
        return [
          button('Submit a receive that goes on', () => add('receive')),
          button('io_uring_enter', () => add('enter')),
          label,
          bytes,
          button('Bytes arrive', () => add(`arrive ${Number(bytes.value) || 1}`)),
          button('Take a completion', () => add('take')),
          button('Give a buffer back', () => add('return')),
          button('Submit a cancel', () => add('cancel')),
        ]
      },
      view: (step) => [
        queue('Submission queue', step.submitted),
        queue('Completion queue', step.completed),
        el(
          'ol',
          { className: 'live-buffers', start: 0 },
          step.buffers.map((name) =>
            el('li', { className: `live-${name}` }, `buffer: ${owner[name]}`),
          ),
        ),
        Live.facts(
          ['The receive', step.armed ? 'is under way' : 'is not under way'],
          ['Taken', step.taken],
          ['In the socket', plural(step.socket, 'byte')],
          ['System calls', String(step.calls)],
        ),
        el('p', { className: 'live-note' }, MODEL),
      ],
      say: (step) => {
        if (step.socket > 0 && !step.armed)
          return 'Bytes are in the socket, and no receive is under way.'
        if (step.completed.length > 0)
          return `${plural(step.completed.length, 'completion')} to be taken: no system call.`
        return step.submitted.length > 0
          ? 'The kernel has not seen what was submitted.'
          : 'Nothing is to be taken.'
      },
    })
    await figure.show()
    return 'The ring, three buffers of 100 bytes, and who owns them'
  })

  // --- Asking about many ---------------------------------------------------------------

  Live.figure('asking', async (root) => {
    const kinds = ['select', 'poll', 'epoll']
    const range = (label, properties) =>
      field(label, { type: 'number', min: 1, max: 60000, ...properties })
    const [socketsLabel, sockets] = range('Connections', { value: 1000 })
    const [readyLabel, ready] = range('of which are ready each time', { value: 2 })
    const [timesLabel, times] = range('Waits', { value: 10, max: 200 })
    const stage = el('div')
    const said = el('p', { className: 'live-say', role: 'status', 'aria-live': 'polite' })
    const whole = (input) =>
      Math.min(Math.max(1, Math.floor(Number(input.value)) || 1), Number(input.max))

    async function show() {
      const steps = [
        `add ${whole(sockets)}`,
        `ready ${whole(ready)}`,
        ...Array(whole(times)).fill('wait'),
      ]
      const answers = await Live.run(
        kinds.map((kind) => [`speak asking ${kind}`, ...steps].join('\n')),
      )
      const rows = answers.map(({ steps, error }, at) => {
        const { calls, kernel, program } = steps.at(-1)
        const name = `${kinds[at]}(2)`.replace('epoll(2)', 'epoll(7)')
        return error
          ? [name, 'is not possible:', error.replace(/^line \d+: /, ''), '']
          : [name, ...[calls, kernel, program].map((it) => it.toLocaleString('en'))]
      })
      stage.replaceChildren(
        Live.table(
          'What was looked at',
          ['by', 'system calls', 'by the kernel', 'by the program'],
          rows,
        ),
        el(
          'p',
          { className: 'live-note' },
          `${MODEL} It counts sockets that are looked at, and no time.`,
        ),
      )
      said.textContent = `poll looks at ${rows[1][2]} sockets, epoll at ${rows[2][2]}.`
    }

    for (const input of [sockets, ready, times]) input.addEventListener('input', show)
    root.append(
      el(
        'div',
        { className: 'live-controls' },
        socketsLabel,
        sockets,
        readyLabel,
        ready,
        timesLabel,
        times,
      ),
      said,
      stage,
    )
    await show()
    return 'Asking about many sockets: who looks at how many?'
  })

  // --- The pool -------------------------------------------------------------------------

  Live.figure('pool', async (root) => {
    const figure = Live.stepper(root, {
      head: ['speak pool 2'],
      steps: ['connect', 'request 0', 'connect', 'request 1'],
      controls: (add) => {
        const [label, client] = field('Client', { type: 'number', min: 0, max: 9, value: 0 })
        const at = () => Number(client.value) || 0
        return [
          button('Another client connects', () => add('connect')),
          label,
          client,
          button('It sends a request', () => add(`request ${at()}`)),
          button('It leaves', () => add(`leave ${at()}`)),
          button('Its idle timeout passes', () => add(`timeout ${at()}`)),
        ]
      },
      view: (step) => [
        Live.table(
          'Threads',
          ['thread', 'serves'],
          step.threads.map((client, at) => [
            String(at),
            client === null
              ? 'nobody: it waits for the queue'
              : `client ${client}, and waits for its next request`,
          ]),
        ),
        Live.table(
          'Clients',
          ['client', 'unread', 'answered', 'where it is'],
          step.clients.map(([unread, answered, where], at) => [
            String(at),
            String(unread),
            String(answered),
            where,
          ]),
        ),
        Live.facts([
          'In the queue',
          step.queue.length ? step.queue.map((it) => `client ${it}`).join(', ') : 'nobody',
        ]),
        el(
          'p',
          { className: 'live-note' },
          'A model: each thread serves a connection until it ends, and answers at once.',
        ),
      ],
      say: (step) => {
        const starved = step.clients.filter(
          ([unread, , where]) => unread > 0 && where === 'waits for a thread',
        ).length
        return starved > 0
          ? `${plural(starved, 'client')} with a request: no thread reads it, since all wait.`
          : 'Every request that came has been answered.'
      },
    })
    await figure.show()
    return 'Two threads, and clients that stay'
  })
})()
