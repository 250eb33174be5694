import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { createManualClock, reply, startImpostor, text, type Impostor } from '../src/index.js'
import { createSession, prompt, readNaively, send } from './support/client.js'

const long = 60_000

describe('a turn that nobody listens to', () => {
  let impostor: Impostor
  afterEach(() => impostor.close())

  const isSaid = (type: string): boolean =>
    impostor.events.entries.some((event) => event.type === type)
  const opened = (type: string): Promise<unknown> =>
    impostor.events.next((event) => event.type === type)

  it('waits until a stream of its directory is open, so that a client may prompt first', async () => {
    impostor = await startImpostor(reply(text('Hello.')), { listenerWaitMs: long })
    const id = await createSession(impostor.url)
    await prompt(impostor.url, id, 'go')
    await opened('session.status')
    expect(isSaid('message.part.delta')).to.equal(false)
    const events = await readNaively(
      `${impostor.url}/event`,
      (event) => event.type === 'session.idle',
      5_000,
    )
    expect(events.map((event) => event.type)).to.include('message.part.delta')
  })

  it('waits on for a stream of another directory, and not for one of the whole server', async () => {
    impostor = await startImpostor(reply(text('Hello.')), { listenerWaitMs: long })
    const id = await createSession(impostor.url)
    await prompt(impostor.url, id, 'go')
    const elsewhere = new AbortController()
    const other = await fetch(`${impostor.url}/event?directory=/elsewhere`, {
      signal: elsewhere.signal,
    })
    expect(other.status).to.equal(200)
    expect(isSaid('message.part.delta')).to.equal(false)
    const whole = await fetch(`${impostor.url}/global/event`, { signal: elsewhere.signal })
    expect(whole.status).to.equal(200)
    await opened('session.idle')
    elsewhere.abort()
  })

  it('can be aborted while it waits', async () => {
    impostor = await startImpostor(reply(text('Hello.')), { listenerWaitMs: long })
    const id = await createSession(impostor.url)
    await prompt(impostor.url, id, 'go')
    await opened('session.status')
    expect((await send(impostor.url, 'POST', `/session/${id}/abort`)).body).to.equal(true)
    await opened('session.idle')
    expect(isSaid('message.part.delta')).to.equal(false)
  })

  it('does not wait with a clock of the test', async () => {
    impostor = await startImpostor(reply(text('Hello.')), { clock: createManualClock() })
    const id = await createSession(impostor.url)
    await prompt(impostor.url, id, 'go')
    await opened('session.idle')
    expect(isSaid('message.part.delta')).to.equal(true)
  })
})
