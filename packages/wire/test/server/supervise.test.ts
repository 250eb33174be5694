import { expect } from 'chai'
import { writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createManualClock } from '@turnstead/testkit'
import {
  startServer,
  type OpencodeServer,
  type ServerOptions,
  type ServerStateChange,
} from '../../src/server.js'
import {
  createFakeOpencode,
  eventually,
  pidOf,
  type FakeMode,
  type FakeOpencode,
} from './support/fake-opencode.js'

const isLinux = process.platform === 'linux'
if (!isLinux) console.warn('supervise.test.ts needs /proc to prove that nothing is left')
const describeOnLinux = isLinux ? describe : describe.skip

describeOnLinux('a server that is restarted', () => {
  let fake: FakeOpencode
  let server: OpencodeServer
  let changes: ServerStateChange[]
  let waiters: { state: string; resolve: () => void }[]

  beforeEach(() => {
    fake = createFakeOpencode()
    changes = []
    waiters = []
  })

  afterEach(async () => {
    await server.close()
    await eventually('no process of this test is left', async () => {
      return (await fake.processes()).length === 0
    })
    fake.remove()
  })

  async function start(mode: FakeMode, options: ServerOptions = {}): Promise<void> {
    const { binary, folder: directory, dataDir } = fake
    server = await startServer({
      binary,
      directory,
      dataDir,
      env: fake.env(mode),
      backoff: { firstDelayMs: 1, maxDelayMs: 2 },
      onState: (change) => {
        changes.push(change)
        for (const waiter of waiters) if (waiter.state === change.state) waiter.resolve()
      },
      ...options,
    })
  }

  function entered(state: string): Promise<void> {
    return new Promise((resolve) => waiters.push({ state, resolve }))
  }

  const path = (): string[] => changes.map(({ state, reason }) => `${state} (${reason})`)

  it('comes back on the same port with the same password, once for any number of calls', async () => {
    await start('ready')
    const { pid, url, password } = server
    await Promise.all([server.restart(), server.restart(), server.restart()])

    expect(server.pid).to.not.equal(pid)
    expect(server).to.include({ url, password, state: 'ready' })
    expect(await server.healthy()).to.equal(true)
    expect(await fake.starts()).to.have.lengthOf(2)
    expect(path()).to.deep.equal(['ready (started)', 'restarting (asked)', 'ready (asked)'])
  })

  it('stays down after a crash without supervision, and restarts when asked', async () => {
    await start('ready')
    const down = entered('exited')
    process.kill(pidOf(server), 'SIGKILL')
    await down
    expect(changes.at(-1)).to.deep.include({ reason: 'exited', pid: null })
    expect(changes.at(-1)?.exit?.signal).to.equal('SIGKILL')

    await server.restart()
    expect(await server.healthy()).to.equal(true)
  })

  it('comes back by itself after a crash when supervised', async () => {
    await start('detached-child', { supervise: true })
    const { url } = server
    const pid = pidOf(server)
    const restarting = entered('restarting')
    process.kill(pid, 'SIGKILL')
    await restarting
    await server.restart()

    expect(server.pid).to.not.equal(pid)
    expect(server.url).to.equal(url)
    expect(await fake.starts(), 'restart() joined the one under way').to.have.lengthOf(2)
    expect(await fake.processes(), 'the server and its new child').to.have.lengthOf(2)
  })

  it('kills and replaces a frozen process', async () => {
    const clock = createManualClock()
    const supervise = { probeIntervalMs: 1000, probeFailures: 2 }
    const readyTimeoutMs = 20_000
    const more = { clock, supervise, probeTimeoutMs: 100, stopGraceMs: 60_000, readyTimeoutMs }
    await start('ready', more)
    expect(server.outageMs).to.equal(2 * (1000 + 100) + 60_000 + 20_000)
    const pid = pidOf(server)
    const restarting = entered('restarting')
    process.kill(pid, 'SIGSTOP')
    for (const ms of [1000, 100, 1000, 100]) {
      await clock.untilPending(1, { timeoutMs: 15_000 })
      await clock.advance(ms)
    }
    await restarting
    await server.restart()

    expect(changes[1]).to.include({ state: 'restarting', reason: 'unhealthy' })
    expect(server.pid).to.not.equal(pid)
    expect(await server.healthy()).to.equal(true)
  })

  it('tells a frozen process from a healthy one', async () => {
    await start('ready')
    expect(server.outageMs, 'no one replaces it').to.equal(Infinity)
    process.kill(pidOf(server), 'SIGSTOP')
    expect(await server.probe({ timeoutMs: 50 })).to.include({ healthy: false, reason: 'timeout' })
    process.kill(pidOf(server), 'SIGCONT')
    expect(await server.probe()).to.include({ healthy: true, reason: 'ok' })
  })

  it('stops probing at once when the signal of the probe aborts', async () => {
    await start('ready')
    process.kill(pidOf(server), 'SIGSTOP')
    const reason = new Error('enough')
    const probing = server.probe({ signal: AbortSignal.abort(reason) })

    expect(await probing.catch((error: unknown) => error)).to.equal(reason)
    process.kill(pidOf(server), 'SIGCONT')
  })

  it('disposes the instances of a big idle server, then replaces it', async () => {
    await start('ready', {
      supervise: { probeIntervalMs: 5, stableMs: 0, memoryLimitBytes: 1 },
    })
    const { pid } = server
    expect(server.residentBytes()).to.be.greaterThan(10_000_000)
    await entered('restarting')
    await server.restart()

    expect(server.pid).to.not.equal(pid)
    expect((await fake.starts())[1]).to.equal('dispose')
    expect(path().slice(0, 4)).to.deep.equal([
      'ready (started)',
      'ready (memory)',
      'restarting (memory)',
      'ready (memory)',
    ])
  })

  it('gives up after the last attempt and says so', async () => {
    await start('short-lived', { supervise: { maxAttempts: 3, stableMs: 60_000 } })
    if (server.state !== 'exited') await entered('exited')

    expect(await fake.starts()).to.have.lengthOf(4)
    expect(changes.at(-1)).to.include({ state: 'exited', reason: 'gave_up' })
    expect(changes.at(-1)?.error).to.include({ code: 'server_exited' })
  })

  it('gives up when the executable no longer starts', async () => {
    await start('ready', { supervise: { maxAttempts: 2 } })
    await writeFile(fake.binary, '#!/bin/sh\nexit 7\n')
    const down = entered('exited')
    process.kill(pidOf(server), 'SIGKILL')
    await down

    expect(changes.at(-1)?.error).to.include({ code: 'server_start_failed' })
  })

  it('closes in the middle of a restart, and not before the old process is gone', async () => {
    await start('stubborn', { stopGraceMs: 200 })
    const restarting = server.restart().catch((error: unknown) => error)
    await entered('restarting')
    await server.close()

    expect(await fake.processes()).to.deep.equal([])
    expect(await restarting).to.include({ code: 'closed' })
    expect(path().at(-1)).to.equal('closed (asked)')
  })

  it('ignores what the observer throws', async () => {
    await start('ready', {
      onState: () => {
        throw new Error('observer')
      },
    })
    await server.restart()

    expect(server.state).to.equal('ready')
  })

  it('ignores what the observer rejects with', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    try {
      await start('ready', {
        onState: async () => {
          throw new Error('observer, later')
        },
      })
      await server.restart()
    } finally {
      process.off('unhandledRejection', note)
    }
    expect(server.state).to.equal('ready')
    expect(unhandled).to.deep.equal([])
  })
})
