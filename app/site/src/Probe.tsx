import type { Answer } from './ask.ts'
import { formatMs } from './ask.ts'
import { useAsk } from './useAsk.ts'

function Outcome({ answer, waiting }: { answer?: Answer; waiting: boolean }) {
  if (waiting) return <span className="pill">waiting…</span>
  if (!answer) return null
  const good = answer.kind === 'answered' && answer.ok
  return (
    <>
      <span className={good ? 'pill good' : 'pill bad'} data-status>
        {answer.kind === 'answered' ? answer.status : 'failed'}
      </span>
      <span className="ms">{formatMs(answer.ms)}</span>
    </>
  )
}

function Reply({ answer }: { answer?: Answer }) {
  if (!answer) return null
  if (answer.note) return <p className="note">{answer.note}</p>
  if (answer.kind === 'failed') return null
  return <pre data-body>{answer.body || '(empty body)'}</pre>
}

/** A button for one path; status, time and body appear beneath it. */
export function Probe({ path, about }: { path: string; about: string }) {
  const { answer, waiting, send } = useAsk(path)
  return (
    <li className="probe">
      <div className="probe-line">
        <button type="button" data-path={path} aria-disabled={waiting} onClick={waiting ? undefined : send}>
          <b>GET</b> {path}
        </button>
        <output data-result={path}>
          <Outcome answer={answer} waiting={waiting} />
        </output>
      </div>
      {answer ? <Reply answer={answer} /> : <p className="about">{about}</p>}
    </li>
  )
}

/** The same for the server's counter, with the number writ large. */
export function Counter({ path }: { path: string }) {
  const { answer, waiting, send } = useAsk(path)
  const ok = answer?.kind === 'answered' && answer.ok
  const count = ok ? (/\d+/.exec(answer.body)?.[0] ?? '?') : '–'
  return (
    <div className="counter">
      <p className={ok ? 'count' : 'count none'} aria-live="polite">
        {count}
      </p>
      <button type="button" data-path={path} aria-disabled={waiting} onClick={waiting ? undefined : send}>
        <b>GET</b> {path}
      </button>
      <output data-result={path}>
        <Outcome answer={answer} waiting={waiting} />
      </output>
      {answer?.note ? (
        <p className="note">{answer.note}</p>
      ) : (
        <p className="about">The server keeps count; this page only asks.</p>
      )}
    </div>
  )
}
