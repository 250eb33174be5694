import { expect } from 'chai'
import { beforeEach, describe, it } from 'mocha'
import { createManualClock, type ManualClock } from '@turnstead/testkit'
import { watchServer, type WatchPorts } from '../../src/server/watch.js'
import type { WatchOptions } from '../../src/server/options.js'

describe('watchServer', () => {
  let clock: ManualClock
  let world: { healthy: boolean; current: boolean; bytes: number | null; idle: boolean }
  let disposals: number
  let stop: AbortController
  const limits: WatchOptions = {
    probeIntervalMs: 10,
    probeFailures: 2,
    maxAttempts: 8,
    stableMs: 35,
    memoryLimitBytes: 100,
    isIdle: null,
  }

  beforeEach(() => {
    clock = createManualClock()
    world = { healthy: true, current: true, bytes: 50, idle: true }
    disposals = 0
    stop = new AbortController()
  })

  function watch(options: Partial<WatchOptions> = {}): Promise<string> {
    const ports: WatchPorts = {
      clock,
      signal: stop.signal,
      isCurrent: () => world.current,
      isHealthy: async () => world.healthy,
      residentBytes: () => world.bytes,
      isIdle: async () => world.idle,
      dispose: async () => {
        disposals += 1
      },
    }
    return watchServer(ports, { ...limits, ...options })
  }

  async function looks(count: number): Promise<void> {
    for (let look = 0; look < count; look += 1) {
      await clock.advance(10)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  it('wants a replacement after failures in a row only', async () => {
    const verdict = watch()
    for (const healthy of [false, true, false, true, false]) {
      world.healthy = healthy
      await looks(1)
    }
    expect(clock.pending, 'it still watches').to.equal(1)
    await looks(1)
    expect(await verdict).to.equal('unhealthy')
  })

  it('ends when the process is another one', async () => {
    const verdict = watch()
    world.current = false
    await looks(1)
    expect(await verdict).to.equal('gone')
  })

  it('disposes once, and wants a replacement only of a server that lived for a while', async () => {
    const verdict = watch()
    world.bytes = 101
    await looks(3)
    expect(disposals).to.equal(1)
    expect(clock.pending, 'it is too young').to.equal(1)
    await looks(1)
    expect(await verdict).to.equal('memory')
    expect(disposals).to.equal(1)
  })

  it('starts over when disposing helped', async () => {
    const verdict = watch()
    for (const bytes of [200, 50, 200, 50, 200]) {
      world.bytes = bytes
      await looks(1)
    }
    expect(disposals).to.equal(3)
    stop.abort(new Error('enough'))
    expect(await verdict.catch(String)).to.equal('Error: enough')
  })

  it('leaves a busy server alone, and one whose idleness cannot be known', async () => {
    for (const isIdle of [
      () => false,
      () => {
        throw new Error('cannot tell')
      },
    ]) {
      const verdict = watch({ isIdle })
      world.bytes = 500
      await looks(6)
      stop.abort(new Error('enough'))
      expect(await verdict.catch(String)).to.equal('Error: enough')
      stop = new AbortController()
    }
    expect(disposals).to.equal(0)
  })

  it('does nothing about memory that cannot be read', async () => {
    const verdict = watch()
    world.bytes = null
    await looks(6)
    stop.abort(new Error('enough'))
    expect(await verdict.catch(String)).to.equal('Error: enough')
    expect(disposals).to.equal(0)
  })
})
