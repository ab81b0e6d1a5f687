// What connections cost that nothing happens on.

import { prose, time, whole } from '../text.js'
import { html, table } from '../charts.js'
import { name, shown, value } from '../shared.js'

/** Memory that was given back meanwhile hides what connections took. */
function known(bytes) {
  return bytes > 0 ? bytes : null
}

export function idle(lab) {
  const weighed = lab.results.idle ?? []
  if (weighed.length === 0) return null
  const cell = (number, print) => html('td', { class: 'n' }, value(number, print))
  const row = (one, entry) => [
    name(entry),
    cell(one.connections, whole),
    cell(known(one.user_bytes), whole),
    cell(known(one.kernel_bytes), whole),
    cell(one.active_alone, time),
    cell(one.active_among, time),
  ]
  const head = [
    'entry',
    'connections',
    'own bytes each',
    'kernel bytes each',
    'a request alone',
    'a request among them',
  ]
  const tables = [...new Set(weighed.map(({ speaks }) => speaks))].map((speaks) => {
    const rows = shown(lab).flatMap((entry) => {
      const own = weighed.filter((one) => one.speaks === speaks && one.entry === entry.name)
      return own.map((one) => [known(one.user_bytes) ?? Infinity, row(one, entry)])
    })
    rows.sort(([a], [b]) => a - b)
    return table(
      `${speaks}, each connection after one exchange`,
      head,
      rows.map(([, cells]) => cells),
    )
  })
  return [
    html(
      'p',
      { class: 'soft' },
      prose(
        'Memory for each connection: what the server has for itself, and what the kernel needs for',
        'both ends. A request is that of one client, without and with the idle ones beside it,',
        'in processor time.',
      ),
    ),
    ...tables,
  ]
}
