// Figures and names, as people read them.

function digits(number, most) {
  return number.toLocaleString('en', {
    maximumSignificantDigits: most,
    minimumSignificantDigits: most,
  })
}

/** A number with three significant digits, or all of them before the point. */
export function figure(number) {
  if (number === 0) return '0'
  return Math.abs(number) < 999.5 ? digits(number, 3) : whole(number)
}

export function whole(number) {
  return Math.round(number).toLocaleString('en')
}

const UNITS = [
  ['ns', 1],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
]

/** A time that is given in nanoseconds. */
export function time(nanoseconds, print = figure) {
  const [unit, size] = UNITS.find(([, one]) => nanoseconds < 999.5 * one) ?? UNITS.at(-1)
  return `${print(nanoseconds / size)} ${unit}`
}

/** A round number, as an axis has it. */
export function tick(number) {
  return number.toLocaleString('en', { maximumSignificantDigits: 3 })
}

/** How often something happens for each request. */
export function times(number) {
  if (number > 0 && number < 0.005) return '< 0.01'
  return number < 99.5 ? number.toFixed(2) : whole(number)
}

/** From where to where; a unit that both have is said once. */
export function range(interval, print) {
  if (!interval) return 'too few rounds'
  const [low, high] = [print(interval.low), print(interval.high)]
  const [number, unit] = low.split(' ')
  return `${unit && high.endsWith(` ${unit}`) ? number : low} – ${high}`
}

/** A time that has to pass, in whole units. */
export function duration(seconds) {
  if (seconds < 100) return `${Math.ceil(seconds)} s`
  return seconds < 6000 ? `${Math.ceil(seconds / 60)} min` : `${whole(Math.ceil(seconds / 3600))} h`
}

export function percent(fraction) {
  return `${(fraction * 100).toFixed(1)} %`
}

export function ratio(number) {
  return number < 9.995 ? number.toFixed(2) : figure(number)
}

/** How a percentile is called: p99.9. */
export function percentileName(fraction) {
  return `p${Number((fraction * 100).toFixed(4))}`
}

export function plural(count, one, many = `${one}s`) {
  return `${whole(count)} ${count === 1 ? one : many}`
}

/** Sentences from their parts, each of which fits on a line of code. */
export function prose(...parts) {
  return parts.join(' ')
}

/** `a, b and c`; of more than `most` only the first, and how many more. */
export function list(names, most = Infinity) {
  const shown = names.length > most ? names.slice(0, most) : names.slice(0, -1)
  const last = names.length > most ? `${names.length - most} more` : names.at(-1)
  return shown.length === 0 ? (last ?? '') : `${shown.join(', ')} and ${last}`
}

/** An argument, as a shell takes it. */
export function quoted(argument) {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}

/** What a reader types to measure one cell again. */
export function commands(entry, scenario, rate) {
  const start = entry.command.map(quoted).join(' ')
  const oneLine = (text) => text.replace(/\s+/g, ' ')
  return [
    `# ${oneLine(entry.name)}: start it, and see at which address it listens`,
    start,
    `# ${oneLine(scenario.name)}: in another terminal, with that address in place of ADDRESS`,
    scenario.command.replace('--rate RATE', `--rate ${rate ?? 'RATE'}`),
    '',
  ].join('\n')
}
