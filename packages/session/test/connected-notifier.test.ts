import { createManualClock } from '@turnstead/testkit'
import type { ManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { OpenNotifier } from '../src/index.js'
import { createConnectedNotifier } from '../src/notifying/connected-notifier.js'
import type { Link, LinkEvents } from '../src/notifying/link.js'

/** What a test decides about the next connections. */
interface Network {
  /** Each connection that was opened, in order. */
  readonly opened: LinkEvents[]
  attempts: number
  refuses: boolean
  hangs: boolean
  isDeaf: boolean
  log: string[]
}

describe('a notifier over a connection', () => {
  let clock: ManualClock
  let network: Network
  let errors: string[]
  let notifier: OpenNotifier
  let heard: (string | null)[]
  const hear = (payload: string | null): void => void heard.push(payload)

  beforeEach(() => {
    clock = createManualClock()
    errors = []
    heard = []
    network = { opened: [], attempts: 0, refuses: false, hangs: false, isDeaf: false, log: [] }
    notifier = createConnectedNotifier({
      clock,
      random: () => 1,
      onError: (error) => errors.push(String(error)),
      connect: async (events) => {
        network.attempts += 1
        if (network.refuses) throw new Error('refused')
        if (network.hangs) await new Promise(() => undefined)
        network.opened.push(events)
        return linkOf(events)
      },
    })
  })
  afterEach(() => notifier.close())

  const linkOf = (events: LinkEvents): Link => {
    const number = network.opened.length
    const note = async (text: string): Promise<void> => void network.log.push(`${number} ${text}`)
    return {
      subscribe: (topic) => note(`+${topic}`),
      unsubscribe: (topic) => note(`-${topic}`),
      publish: (topic, payload) => note(`${topic}: ${payload}`),
      ping: () => (network.isDeaf ? new Promise(() => undefined) : note('ping')),
      close: async () => {
        await note('closed')
        events.lost(new Error('closed'))
      },
    }
  }
  const cut = (): void => network.opened.at(-1)?.lost(new Error('cut'))
  const say = (topic: string, payload: string): void =>
    network.opened.at(-1)?.message(topic, payload)

  it('opens nothing before it is used', () => {
    expect(network.attempts).to.equal(0)
  })

  it('subscribes each topic once, and unsubscribes it with its last listener', async () => {
    const stops = [await notifier.listen('a', hear), await notifier.listen('a', hear)]
    await notifier.listen('b', hear)
    await stops[0]?.()
    expect(network.log).to.deep.equal(['1 +a', '1 +b'])
    await stops[1]?.()
    await stops[1]?.()
    expect(network.log).to.deep.equal(['1 +a', '1 +b', '1 -a'])
    say('a', 'late')
    expect(heard).to.deep.equal([])
  })

  it('begins to listen when the connection is there, if that takes a while', async () => {
    network.refuses = true
    let isListening = false
    const listening = notifier.listen('a', hear).then(() => (isListening = true))
    await clock.advance(5_000)
    expect(isListening).to.equal(false)
    network.refuses = false
    await clock.advance(20_000)
    await listening
    say('a', 'hello')
    expect(heard.at(-1)).to.equal('hello')
  })

  it('comes back by itself, listens again, and tells everyone that something may be lost', async () => {
    await notifier.listen('a', hear)
    await notifier.listen('b', hear)
    cut()
    await clock.advance(1_000)
    expect(network.log.slice(-2)).to.deep.equal(['2 +a', '2 +b'])
    expect(heard).to.deep.equal([null, null])
    say('a', 'again')
    expect(heard).to.deep.equal([null, null, 'again'])
    expect(errors).to.deep.equal(['Error: cut'])
  })

  it('comes back later each time, also when connections are taken and dropped at once', async () => {
    const after: number[] = []
    await notifier.listen('a', hear)
    for (let round = 0; round < 12; round += 1) {
      const { attempts } = network
      cut()
      await clock.advance(0)
      const from = clock.now()
      while (network.attempts === attempts) await clock.advance(clock.nextInMs ?? 0)
      await clock.advance(0)
      after.push(clock.now() - from)
    }
    expect(after.slice(0, 4)).to.deep.equal([100, 200, 400, 800])
    expect(after.slice(-2)).to.deep.equal([10_000, 10_000])
  })

  it('comes back soon again after a connection that lasted', async () => {
    await notifier.listen('a', hear)
    for (let round = 0; round < 5; round += 1) {
      cut()
      await clock.advance(12_000)
    }
    await clock.advance(60_000)
    const { attempts } = network
    cut()
    await clock.advance(100)
    expect(network.attempts).to.equal(attempts + 1)
  })

  it('gives up an attempt that does not answer, and a connection that hears itself no more', async () => {
    network.hangs = true
    const listening = notifier.listen('a', hear)
    await clock.advance(10_000)
    network.hangs = false
    await clock.advance(1_000)
    await listening
    expect(network.attempts).to.equal(2)
    network.isDeaf = true
    await clock.advance(40_000)
    network.isDeaf = false
    await clock.advance(1_000)
    expect(network.attempts).to.equal(3)
    expect(network.log).to.include('1 closed')
    expect(errors.join()).to.match(/did not get a connection.*did not hear itself/)
  })

  it('refuses a message when there is no connection for a while, and keeps none for later', async () => {
    network.refuses = true
    const sending = notifier.notify('a', 'lost').then(
      () => 'sent',
      (error: unknown) => String(error),
    )
    await clock.advance(2_000)
    expect(await sending).to.match(/no connection/)
    network.refuses = false
    await clock.advance(20_000)
    await notifier.notify('a', 'sent')
    expect(network.log).to.deep.equal(['1 a: sent'])
  })

  it('ends what waits when it is closed, and leaves no timer', async () => {
    network.refuses = true
    const listening = notifier.listen('a', hear).catch((error: unknown) => String(error))
    const sending = notifier.notify('a', 'x').catch((error: unknown) => String(error))
    await clock.advance(0)
    await notifier.close()
    await notifier.close()
    expect(await listening).to.equal('Error: The notifier is closed.')
    expect(await sending).to.match(/closed/)
    expect(clock.pending).to.equal(0)
    const late = await notifier.listen('a', hear).catch((error: unknown) => String(error))
    expect(late).to.match(/closed/)
  })

  it('closes a connection that is opened after the end', async () => {
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const late = createConnectedNotifier({
      clock,
      random: () => 1,
      onError: () => undefined,
      connect: async (events) => {
        await gate
        return linkOf(events)
      },
    })
    const sending = late.notify('a', 'x').catch(() => 'refused')
    await clock.advance(0)
    await late.close()
    open()
    await clock.advance(0)
    expect(await sending).to.equal('refused')
    expect(network.log).to.deep.equal(['0 closed'])
  })
})
