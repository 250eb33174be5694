import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { steady } from '../src/clock.js'
import { withinMs } from '../src/run/deadline.js'
import { onAbort } from '../src/run/listen.js'

const expired = (): Error => new Error('too late')
const never = (): Promise<never> => new Promise(() => undefined)
const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => error)

describe('withinMs', () => {
  it('settles as the work does and leaves no timer', async () => {
    const clock = createManualClock()
    const deadline = { ms: 1_000, expired }
    expect(await withinMs(steady(clock), deadline, async () => 'done')).to.equal('done')
    const broken = new Error('broken')
    const failing = withinMs(steady(clock), deadline, () => Promise.reject(broken))
    expect(await outcome(failing)).to.equal(broken)
    expect(clock.pending).to.equal(0)
  })

  it('rejects when the time is over, and tells the work', async () => {
    const clock = createManualClock()
    let told: AbortSignal | undefined
    const late = outcome(
      withinMs(steady(clock), { ms: 1_000, expired }, (signal) => {
        told = signal
        return never()
      }),
    )
    await clock.advance(1_000)
    expect(await late)
      .to.be.an('error')
      .with.property('message', 'too late')
    expect(told?.aborted).to.equal(true)
  })

  it('rejects with the reason of its signal, also of one that aborted before', async () => {
    const clock = createManualClock()
    const controller = new AbortController()
    const reason = new Error('given up')
    const deadline = { ms: 1_000, signal: controller.signal, expired }
    const waiting = outcome(withinMs(steady(clock), deadline, never))
    controller.abort(reason)
    expect(await waiting).to.equal(reason)
    let isStarted = false
    const work = async (): Promise<void> => {
      isStarted = true
    }
    expect(await outcome(withinMs(steady(clock), deadline, work))).to.equal(reason)
    expect(isStarted).to.equal(false)
  })

  it('reports work that throws at once as its failure', async () => {
    const clock = createManualClock()
    const broken = new Error('broken')
    const work = (): Promise<never> => {
      throw broken
    }
    expect(await outcome(withinMs(steady(clock), { ms: 1_000, expired }, work))).to.equal(broken)
  })
})

describe('onAbort', () => {
  it('puts one listener on a signal, however many wait for it', () => {
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1
      add(...args)
    }
    const off = Array.from({ length: 50 }, () => onAbort(signal, () => undefined))
    expect(listeners).to.equal(1)
    for (const each of off) each()
    onAbort(signal, () => undefined)
    expect(listeners).to.equal(2)
  })

  it('calls back everyone who still waits, once', () => {
    const controller = new AbortController()
    const calls: string[] = []
    onAbort(controller.signal, () => calls.push('one'))
    const off = onAbort(controller.signal, () => calls.push('two'))
    onAbort(controller.signal, () => calls.push('three'))
    off()
    controller.abort()
    controller.abort()
    expect(calls).to.deep.equal(['one', 'three'])
  })

  it('leaves those who came later alone when one is taken off twice', () => {
    const controller = new AbortController()
    const off = onAbort(controller.signal, () => undefined)
    off()
    let calls = 0
    onAbort(controller.signal, () => (calls += 1))
    off()
    controller.abort()
    expect(calls).to.equal(1)
  })

  it('calls back at once when the signal has aborted', () => {
    let calls = 0
    onAbort(AbortSignal.abort(), () => (calls += 1))
    expect(calls).to.equal(1)
  })
})
