import asyncStd from './assets/async-std.svg'
import mio from './assets/mio.svg'
import smol from './assets/smol.svg'
import threads from './assets/threads.svg'
import tokio from './assets/tokio.svg'
import uring from './assets/uring.svg'
import './Backends.css'

const backends = [
  {
    name: 'threads',
    image: threads,
    how: 'Stand still',
    text: 'A thread calls read and stops there. The kernel wakes it when bytes arrive; until then it does nothing else.',
  },
  {
    name: 'mio',
    image: mio,
    how: 'Go round',
    text: 'An event loop asks the kernel which sockets are ready, serves those, and comes back to ask again.',
  },
  {
    name: 'uring',
    image: uring,
    how: 'Place an order',
    text: 'A loop tells the kernel what to do and leaves it the buffer. One call hands over all that has gathered, and brings back what is done.',
  },
  {
    name: 'tokio',
    image: tokio,
    how: 'Step aside',
    text: 'A task that has to wait yields at its await. The thread below takes up another task that can go on.',
  },
  {
    name: 'async-std',
    image: asyncStd,
    how: 'Step aside, elsewhere',
    text: 'Tasks and await once more, on another runtime with its own executor and its own reactor.',
  },
  {
    name: 'smol',
    image: smol,
    how: 'Step aside, in small',
    text: 'The successor of async-std: small parts, and an executor that belongs to the server instead of the whole process.',
  },
]

export default function Backends() {
  return (
    <ul className="backends" data-lazy>
      {backends.map(({ name, image, how, text }) => (
        <li key={name} className={`backend ${name}`}>
          <img src={image} width="180" height="60" alt="" />
          <h3>
            {how} <code>{name}</code>
          </h3>
          <p>{text}</p>
        </li>
      ))}
    </ul>
  )
}
