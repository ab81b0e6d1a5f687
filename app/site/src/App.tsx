import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import lanes from './assets/lanes.svg'
import { Counter, Probe } from './Probe.tsx'
import './App.css'

// A chunk of its own, fetched when the reader comes near it.
const Backends = lazy(() => import('./Backends.tsx').catch(() => ({ default: Missing })))

function Missing() {
  return <p className="about">This part of the page did not arrive. Reload to ask for it again.</p>
}

function useNear<T extends Element>() {
  const ref = useRef<T>(null)
  const [near, setNear] = useState(false)
  useEffect(() => {
    const element = ref.current
    if (!element) return
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        setNear(true)
        observer.disconnect()
      }
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return { ref, near }
}

export default function App() {
  const { ref, near } = useNear<HTMLElement>()
  return (
    <>
      <header className="hero">
        <h1>Ways to Wait</h1>
        <p className="lead">One HTTP server, written once; every backend differs only in how it waits.</p>
        <img
          src={lanes}
          width="720"
          height="366"
          alt="One line comes in, runs through six lanes that each pause in their own manner, and leaves as one line again."
        />
      </header>

      <main>
        <section className="ask" aria-labelledby="ask-title">
          <h2 id="ask-title">Ask the server</h2>
          <p className="intro">Each button sends one request to the server this page came from.</p>
          <div className="desk">
            <ul className="probes">
              <Probe path="/healthz" about="Is anyone there?" />
              <Probe path="/user-agent" about="Who does the server think you are?" />
              <Probe path="/echo/hello" about="Say hello, hear hello." />
            </ul>
            <Counter path="/counter" />
          </div>
        </section>

        <section className="ways" aria-labelledby="ways-title" ref={ref}>
          <h2 id="ways-title">Six ways to wait</h2>
          <p className="intro">The bytes on the wire are the same. What happens in between them is not.</p>
          <Suspense fallback={<p className="about">Waiting, in a seventh way…</p>}>{near && <Backends />}</Suspense>
        </section>
      </main>

      <footer>
        <p>Restart the server with another backend and reload: you will get the same page.</p>
      </footer>
    </>
  )
}
