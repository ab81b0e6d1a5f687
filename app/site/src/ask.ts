/** What came of one request, in the terms the page shows. */
export type Answer =
  | { kind: 'answered'; status: number; ok: boolean; ms: number; body: string; note?: string }
  | { kind: 'failed'; ms: number; note: string }

const PATIENCE_MS = 10_000
const LONGEST_BODY = 600

const ELSEWHERE = 'This page may be hosted elsewhere; start the server with --site and open it there.'

/** GET `path` from the server this page came from. Never throws. */
export async function ask(path: string): Promise<Answer> {
  const start = performance.now()
  const elapsed = () => performance.now() - start
  try {
    const response = await fetch(path, {
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const text = await response.text()
    const ms = elapsed()
    const { status, ok } = response
    // A static host tends to answer unknown paths with a page of its own.
    const isPage = (response.headers.get('content-type') ?? '').startsWith('text/html')
    if (isPage) {
      return { kind: 'answered', status, ok: false, ms, body: '', note: `A web page came back. ${ELSEWHERE}` }
    }
    const body = text.length > LONGEST_BODY ? `${text.slice(0, LONGEST_BODY)}…` : text
    return { kind: 'answered', status, ok, ms, body, note: status === 404 ? ELSEWHERE : undefined }
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError'
    const what = late ? `No answer within ${PATIENCE_MS / 1000} s.` : 'No answer.'
    return { kind: 'failed', ms: elapsed(), note: `${what} ${ELSEWHERE}` }
  }
}

export function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}
