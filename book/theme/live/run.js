// Runs the module of book/live: `await Live.run(scripts)` takes a list of scripts and gives what
// each came to. The module is the shipping protocol, so what it says is what a server would say.
;(() => {
  /** The module, which is kept compressed in `module.js`. */
  async function compile(gzip) {
    const bytes = Uint8Array.from(atob(gzip), (character) => character.charCodeAt(0))
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
    return WebAssembly.compile(await new Response(stream).arrayBuffer())
  }

  /** WASI as far as it is asked for: input, output, no arguments, and a clock that stands still. */
  function wasi(input, output, memory) {
    const view = () => new DataView(memory().buffer)
    const set = (at, value) => (view().setUint32(at, value, true), 0)
    const piece = (at) =>
      new Uint8Array(memory().buffer, view().getUint32(at, true), view().getUint32(at + 4, true))
    let read = 0
    const next = (most) => input.subarray(read, (read += Math.min(most, input.length - read)))
    const copy = (to, from) => (to.set(from), from.length)
    return {
      fd_read: (_, list, __, got) => set(got, copy(piece(list), next(piece(list).length))),
      fd_write: (_, list, __, got) =>
        set(got, output.push(piece(list).slice()) && piece(list).length),
      clock_time_get: (_, __, at) => (view().setBigUint64(at, 10n ** 18n, true), 0),
      args_sizes_get: (count, size) => set(count, 0) || set(size, 0),
      environ_sizes_get: (count, size) => set(count, 0) || set(size, 0),
      proc_exit: (code) => {
        throw new Error(`the module has ended with ${code}`)
      },
    }
  }

  /** One run of the program: it reads its input to the end, writes, and is over. */
  async function play(module, text) {
    const output = []
    let instance
    const asked = wasi(new TextEncoder().encode(text), output, () => instance.exports.memory)
    const rest = new Proxy(asked, { get: (own, name) => own[name] ?? (() => 0) })
    instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: rest })
    instance.exports._start()
    return new Response(new Blob(output)).text()
  }

  let module
  // Runs end in the order in which they were begun, so that what is shown is the newest.
  let last = Promise.resolve()
  globalThis.Live = {
    /** The text that the program writes, for a text of scripts. */
    text(scripts) {
      module ??= compile(globalThis.LIVE_MODULE.gzip)
      const run = async () => play(await module, scripts)
      return (last = last.then(run, run))
    },

    /** What each script comes to. */
    async run(scripts) {
      const text = await Live.text(scripts.join('\n===\n'))
      return text.split('\n').map((line) => JSON.parse(line))
    },

    /** Whether this browser can run it. */
    canRun: () => typeof WebAssembly === 'object' && typeof DecompressionStream === 'function',
  }
})()
