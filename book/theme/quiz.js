// The quizzes. Each `<div class="quiz">` holds questions as headings, and their choices as task
// lists with a reason below each choice: that is what is read without JavaScript. Here the reasons
// are hidden until somebody has answered. What has been answered correctly is kept in localStorage.
;(() => {
  const KEY = 'ways-to-wait-quiz'
  const AT_ONCE = 6

  // --- What is remembered -------------------------------------------------------------

  /** By page: how many rounds were begun, how many questions there are, and which were right. */
  function load() {
    try {
      return JSON.parse(localStorage.getItem(KEY)) ?? {}
    } catch {
      return {}
    }
  }

  let memory = load()

  function save() {
    try {
      localStorage.setItem(KEY, JSON.stringify(memory))
    } catch {
      // It is kept as long as the page is open.
    }
  }

  const nameOf = (path) =>
    path
      .split('/')
      .pop()
      .replace(/\.html$/, '') || 'index'
  const page = nameOf(location.pathname)
  const about = (name) => (memory[name] ??= { rounds: 0, total: 0, right: [] })

  // --- Chance that can be repeated ------------------------------------------------------

  /** Numbers from 0 to 1 that follow from a seed. */
  function chance(seed) {
    let state = seed >>> 0
    return () => {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    }
  }

  function shuffled(list, random) {
    const rest = [...list]
    const mixed = []
    while (rest.length) mixed.push(...rest.splice(Math.floor(random() * rest.length), 1))
    return mixed
  }

  const seedOf = (text) => [...text].reduce((sum, it) => (sum * 31 + it.codePointAt(0)) >>> 0, 7)

  // --- Reading the questions ---------------------------------------------------------------

  const el = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties)
    element.append(...children)
    return element
  }

  /** A choice of a task list: what it says, whether it is marked, and its reason. */
  function readChoice(item) {
    const box = item.querySelector('input[type=checkbox]')
    const parts = [...item.childNodes].filter((node) => node !== box && node.textContent.trim())
    box.remove()
    const first = parts.find((node) => node.nodeType !== Node.TEXT_NODE || node.textContent.trim())
    const isBlock = first?.nodeName === 'P'
    const inline = isBlock ? [...first.childNodes] : parts.filter((node) => node.nodeName !== 'P')
    const said = el('span', {}, ...inline.map((node) => node.cloneNode(true)))
    const reasons = parts.filter((node) => node.nodeName === 'P' && node !== first)
    return {
      said,
      isRight: box.checked,
      value: said.querySelector('code')?.textContent,
      reason: reasons.map((node) => node.cloneNode(true)),
    }
  }

  /** The questions of a quiz, in the order of the file. */
  function readQuestions(quiz) {
    const questions = []
    for (const node of [...quiz.children]) {
      if (node.nodeName === 'H3') {
        questions.push({ title: node, id: node.textContent.trim(), body: [], choices: [] })
        continue
      }
      const question = questions.at(-1)
      if (!question) continue
      const ask = node.querySelector?.('code.language-ask')
      if (ask) question.ask = ask.textContent.trim()
      if (node.nodeName === 'UL') question.choices = [...node.children].map(readChoice)
      else question.body.push(node)
    }
    return questions
  }

  /** Lets the module say which choice is right. Without it, the one that is marked is. */
  async function compute(question) {
    if (!question.ask || !globalThis.Live?.canRun()) return
    const [answer] = await Live.run([question.ask])
    if (answer.error) throw new Error(`${question.id}: ${answer.error}`)
    question.computed = answer.shown.join(', ')
    for (const choice of question.choices) choice.isRight = choice.value === question.computed
  }

  // --- One question ----------------------------------------------------------------------------

  let numbers = 0

  function ask(question, place, random, onAnswer) {
    const isOne = question.choices.filter(({ isRight }) => isRight).length === 1
    const number = (numbers += 1)
    const choices = shuffled(question.choices, random).map((choice) => {
      const input = el('input', { type: isOne ? 'radio' : 'checkbox', name: `quiz-${number}` })
      const reason = el('div', { className: 'quiz-reason', hidden: true })
      const label = el('label', {}, input, ' ', choice.said)
      return { ...choice, input, reasonPlace: reason, item: el('li', {}, label, reason) }
    })
    const verdict = el('p', { className: 'quiz-verdict' })
    // The button that had the focus goes.
    verdict.tabIndex = -1
    verdict.setAttribute('role', 'status')
    verdict.setAttribute('aria-live', 'polite')
    const check = el('button', { type: 'submit' }, 'Check')

    function answer(event) {
      event.preventDefault()
      if (!choices.some(({ input }) => input.checked)) {
        verdict.textContent = isOne ? 'Choose one.' : 'Choose one or more.'
        return
      }
      for (const { input, isRight, reason, reasonPlace, item } of choices) {
        const mark = isRight ? 'Right' : 'Wrong'
        reasonPlace.replaceChildren(el('strong', {}, `${mark}. `), ...reason)
        reasonPlace.hidden = false
        item.className = `quiz-${mark.toLowerCase()}${input.checked ? ' quiz-chosen' : ''}`
        input.disabled = true
      }
      const isRight = choices.every(({ input, isRight }) => input.checked === isRight)
      const computed = question.computed === undefined ? '' : ' This page has computed it.'
      verdict.textContent =
        (isRight ? 'That is right.' : 'Not quite: read why, below each choice.') + computed
      check.hidden = true
      verdict.focus()
      onAnswer(isRight)
    }

    const title = el('legend', { innerHTML: question.title.innerHTML })
    title.querySelector('a.header')?.replaceWith(...title.querySelector('a.header').childNodes)
    const hint = isOne ? '' : el('p', { className: 'quiz-hint' }, 'More than one may be right.')
    const list = el('ul', {}, ...choices.map(({ item }) => item))
    const parts = [title, ...question.body, hint, list, verdict, check]
    const form = el('form', { onsubmit: answer }, el('fieldset', {}, ...parts.filter(Boolean)))
    place.append(form)
  }

  // --- A quiz ------------------------------------------------------------------------------------

  function choose(questions, round) {
    const right = new Set(about(page).right)
    const random = chance(seedOf(page) + round)
    // In the first round they come as they stand; later those first that were not answered correctly.
    const mixed = round === 0 ? questions : shuffled(questions, random)
    const open = mixed.filter(({ id }) => !right.has(id))
    const done = mixed.filter(({ id }) => right.has(id))
    return { chosen: [...open, ...done].slice(0, AT_ONCE), random }
  }

  function show(quiz, questions) {
    const known = about(page)
    known.total = questions.length
    const { chosen, random } = choose(questions, known.rounds)
    const score = el('p', { className: 'quiz-score' })
    score.setAttribute('role', 'status')
    const tell = () => {
      const all = `${known.right.length} of ${questions.length}`
      score.textContent = `${all} questions of this chapter answered correctly.`
    }
    const place = el('div')
    const again = el('button', { type: 'button' }, 'Again, with other questions')
    again.onclick = () => {
      known.rounds += 1
      save()
      show(quiz, questions)
      quiz.querySelector('input')?.focus()
    }
    const forget = el('button', { type: 'button' }, 'Forget my answers')
    forget.onclick = () => {
      Object.assign(known, { rounds: 0, right: [] })
      save()
      show(quiz, questions)
      quiz.querySelector('input')?.focus()
    }
    for (const question of chosen) {
      ask(question, place, random, (isRight) => {
        const rest = known.right.filter((id) => id !== question.id)
        known.right = isRight ? [...rest, question.id] : rest
        save()
        tell()
      })
    }
    tell()
    save()
    quiz.replaceChildren(score, place, el('div', { className: 'live-controls' }, again, forget))
    quiz.dataset.ready = String(known.rounds)
  }

  async function begin(quiz) {
    const questions = readQuestions(quiz.cloneNode(true))
    if (questions.length === 0) return
    await Promise.all(questions.map(compute))
    show(quiz, questions)
  }

  // --- Progress ---------------------------------------------------------------------

  /** One line for each chapter that has been begun. */
  function progress(place) {
    const links = [...document.querySelectorAll('nav a[href$=".html"]')]
    const titles = new Map(links.map((link) => [nameOf(link.pathname), link]))
    const rows = Object.entries(memory)
      .filter(([, { total }]) => total > 0)
      .map(([name, { right, total }]) => {
        const link = titles.get(name)
        const title = link ? el('a', { href: link.href }, link.textContent) : name
        const bar = el('meter', {
          min: 0,
          max: total,
          value: right.length,
          ariaLabel: `${right.length} of ${total}`,
        })
        return el('li', {}, title, ' ', bar, ` ${right.length} of ${total}`)
      })
    const forget = el('button', { type: 'button' }, 'Forget all answers')
    forget.onclick = () => {
      memory = {}
      save()
      progress(place)
    }
    const none = el('p', {}, 'No quiz has been begun in this browser.')
    place.replaceChildren(
      rows.length ? el('ul', {}, ...rows) : none,
      ...(rows.length ? [forget] : []),
    )
    place.dataset.ready = String(rows.length)
  }

  addEventListener('DOMContentLoaded', () => {
    if (page === 'print') return // On paper the questions are lists, with their answers.
    for (const quiz of document.querySelectorAll('div.quiz')) {
      // mdBook turns the page with the arrow keys.
      quiz.addEventListener('keydown', (event) => event.stopPropagation())
      begin(quiz).catch(console.error)
    }
    const places = document.querySelectorAll('div.quiz-progress')
    places.forEach(progress)
    // Another page of the book, or another tab, may write later than this page has read.
    addEventListener('storage', () => {
      memory = load()
      places.forEach(progress)
    })
  })
})()
