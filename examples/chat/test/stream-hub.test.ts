import { expect } from 'chai'
import { describe, it } from 'mocha'

interface Page {
  readonly conversation: number | null
  readonly from: number
  readonly post: (message: Readonly<Record<string, unknown>>) => void
}

interface Hub {
  show(key: string, page: Page): void
  begin(): void
  wake(): void
  leave(key: string): void
}

interface Means {
  readonly EventSource: unknown
  readonly setTimeout: (act: () => void, ms: number) => number
  readonly setInterval: (act: () => void, ms: number) => number
  readonly now: () => number
}

const { createHub } = (await import(new URL('../public/stream-hub.js', import.meta.url).href)) as {
  createHub: (means: Means) => Hub
}

/** Streams that the test opens, breaks and speaks through, and timers that pass when it says so. */
function stage() {
  const sources: Source[] = []
  const timers: { readonly act: () => void; readonly ms: number }[] = []
  const said: string[] = []
  let listen = (): void => undefined
  let now = 0
  class Source {
    onopen = (): void => undefined
    onerror = (): void => undefined
    onmessage = (_event: { data: string }): void => undefined
    isClosed = false
    readonly url: string
    constructor(url: string) {
      this.url = url
      sources.push(this)
    }
    close(): void {
      this.isClosed = true
    }
    say(message: unknown): void {
      this.onmessage({ data: JSON.stringify(message) })
    }
  }
  const hub = createHub({
    EventSource: Source,
    setTimeout: (act, ms) => timers.push({ act, ms }),
    setInterval: (act) => {
      listen = act
      return 0
    },
    now: () => now,
  })
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 250) {
      now += Math.min(left, 250)
      listen()
    }
  }
  const show = (key: string, conversation: number | null, from = 1): void =>
    hub.show(key, {
      conversation,
      from,
      post: (message) => {
        if (message['type'] === 'changes') said.push(`${key}: ${String(message['html'])}`)
        else if (message['isLost'] === true) said.push(`${key}: lost`)
        else if (said.at(-1) === `${key}: lost`) said.push(`${key}: back`)
      },
    })
  const last = (): Source => sources.at(-1) ?? expect.fail('there is no stream')
  const open = (): readonly Source[] => sources.filter(({ isClosed }) => !isClosed)
  return { hub, show, sources, last, open, said, timers, pass }
}

describe('the hub of a browser’s pages', () => {
  it('has one stream for what all of them show, from where they are', () => {
    const { show, last, open, said } = stage()
    show('a', 12, 5)
    last().onopen()
    last().say({ conversation: 12, at: 'x-3', html: '<p>' })
    show('b', 13)
    expect(open()).to.have.lengthOf(1)
    expect(last().url).to.equal('/stream?c=12.5.x-3&c=13.1.')
    last().say({ conversation: 13, at: 'y-1', html: '<b>' })
    last().say({ conversation: null, html: '<i>' })
    expect(said).to.deep.equal(['a: <p>', 'b: <b>', 'a: <i>', 'b: <i>'])
    // One that is made anew does not know where the other is.
    show('c', 12, 7)
    expect(last().url).to.equal('/stream?c=12.5.&c=13.1.y-1')
  })

  it('has none while nothing runs, and one again when something is sent or a page is looked at', () => {
    const { hub, show, last, open } = stage()
    show('a', 12)
    last().say({ conversation: 12, at: 'x-3', html: '<p>' })
    last().say({ idle: true })
    expect(open()).to.have.lengthOf(0)
    hub.begin()
    expect(open()[0]?.url).to.equal('/stream?c=12.1.x-3')
    last().say({ idle: true })
    hub.wake()
    expect(open()).to.have.lengthOf(1)
    hub.wake()
    expect(open(), 'it is there').to.have.lengthOf(1)
  })

  it('misses nothing that was sent just before the server said that nothing runs', () => {
    const { hub, show, sources, last, open } = stage()
    show('a', 12)
    hub.begin()
    last().say({ idle: true })
    expect(open()).to.have.lengthOf(1)
    expect(sources).to.have.lengthOf(2)
    last().say({ idle: true })
    expect(open()).to.have.lengthOf(0)
  })

  it('comes back at once, and says that it is lost only when that did not help', () => {
    const { show, last, open, said, timers } = stage()
    show('a', 12)
    last().onopen()
    last().onerror()
    expect([open().length, said.length, timers.at(-1)?.ms]).to.deep.equal([0, 0, 50])
    timers.at(-1)?.act()
    last().onerror()
    expect(said).to.deep.equal(['a: lost'])
    for (let count = 0; count < 8; count += 1) {
      timers.at(-1)?.act()
      last().onerror()
    }
    expect(Math.max(...timers.map(({ ms }) => ms))).to.equal(4_000)
    timers.at(-1)?.act()
    last().onopen()
    expect(open()).to.have.lengthOf(1)
    last().onerror()
    expect(timers.at(-1)?.ms, 'as after the first').to.equal(50)
  })

  it('says within two seconds that nothing is heard, as of a process that hangs, and goes to another one', () => {
    const { show, last, open, said, timers, pass, sources } = stage()
    show('a', 12)
    last().onopen()
    for (let count = 0; count < 20; count += 1) {
      pass(500)
      last().say({})
    }
    expect(said).to.deep.equal([])
    pass(1_750)
    expect(said).to.deep.equal(['a: lost'])
    last().say({})
    expect(said, 'it was only late').to.deep.equal(['a: lost', 'a: back'])
    pass(5_250)
    expect([said.at(-1), open().length, timers.length]).to.deep.equal(['a: lost', 0, 1])
    timers.at(-1)?.act()
    expect(sources).to.have.lengthOf(2)
    pass(5_250)
    expect([open().length, timers.length], 'one that does not even answer').to.deep.equal([0, 2])
    timers.at(-1)?.act()
    last().onopen()
    expect(said.slice(2)).to.deep.equal(['a: lost', 'a: back'])
  })

  it('counts from what was heard last, also while it comes back', () => {
    const { show, last, said, timers, pass } = stage()
    show('a', 12)
    last().onopen()
    pass(1_000)
    last().onerror()
    timers.at(-1)?.act()
    pass(500)
    expect(said).to.deep.equal([])
    pass(250)
    expect(said).to.deep.equal(['a: lost'])
    last().onopen()
    expect(said.at(-1)).to.equal('a: back')
  })

  it('hears nothing more of a stream that it has given up', () => {
    const { show, sources, said } = stage()
    show('a', 12)
    show('b', 12)
    sources[0]?.say({ conversation: 12, at: 'x-1', html: 'old' })
    expect(said).to.deep.equal([])
  })

  it('ends with a page that has crashed, which does not say that it leaves', async () => {
    const opened: { isClosed: boolean }[] = []
    class Source {
      isClosed = false
      constructor() {
        opened.push(this)
      }
      close(): void {
        this.isClosed = true
      }
    }
    let connect = (_event: { ports: unknown[] }): void => undefined
    const worker = {
      EventSource: Source,
      setTimeout,
      setInterval,
      addEventListener: (_type: string, act: typeof connect) => (connect = act),
    }
    Reflect.set(globalThis, 'self', worker)
    try {
      await import(new URL('../public/stream-worker.js', import.meta.url).href)
    } finally {
      Reflect.deleteProperty(globalThis, 'self')
    }
    const port = {
      postMessage: () => undefined,
      onmessage: (_event: { data: unknown }): void => undefined,
      onclose: (): void => undefined,
    }
    connect({ ports: [port] })
    port.onmessage({ data: { type: 'show', conversation: 12, from: 1 } })
    expect(opened.map(({ isClosed }) => isClosed)).to.deep.equal([false])
    port.onclose()
    expect(opened.map(({ isClosed }) => isClosed)).to.deep.equal([true])
  })

  it('ends with the last page', () => {
    const { hub, show, open } = stage()
    show('a', 12)
    show('b', null)
    hub.leave('a')
    expect(open()).to.have.lengthOf(1)
    hub.leave('b')
    hub.leave('b')
    expect(open()).to.have.lengthOf(0)
  })
})
