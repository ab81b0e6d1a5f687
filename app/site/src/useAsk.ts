import { useCallback, useState } from 'react'
import { ask, type Answer } from './ask.ts'

/** One path of the server, the latest answer to it, and a way to ask again. */
export function useAsk(path: string) {
  const [answer, setAnswer] = useState<Answer>()
  const [waiting, setWaiting] = useState(false)

  const send = useCallback(async () => {
    setWaiting(true)
    setAnswer(await ask(path))
    setWaiting(false)
  }, [path])

  return { answer, waiting, send }
}
