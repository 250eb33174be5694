import { createManualClock, type ManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { mkdir, realpath, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createMemoryStore } from '../src/memory.js'
import type { ArtifactStore } from '../src/store/store.js'
import {
  listBackups,
  scheduleBackups,
  type BackupReport,
  type BackupSchedule,
  type BackupScheduleOptions,
  type WorkingReply,
} from '../src/workspace.js'
import { makeTempDir } from './support/temp-dir.js'

describe('scheduleBackups', () => {
  let remove: () => Promise<void>
  let directory: string
  let store: ArtifactStore
  let clock: ManualClock
  let taken: BackupReport[]
  let errors: unknown[]
  let schedule: BackupSchedule
  let onTaken = (): void => {}

  beforeEach(async () => {
    const dir = await makeTempDir()
    remove = dir.remove
    directory = join(await realpath(dir.path), 'agent')
    await mkdir(directory)
    await writeFile(join(directory, 'a'), 'a')
    store = createMemoryStore()
    clock = createManualClock(1_700_000_000_000)
    taken = []
    errors = []
  })
  afterEach(async () => {
    await schedule.close()
    await remove()
  })

  function start(options: Partial<BackupScheduleOptions> = {}): BackupSchedule {
    schedule = scheduleBackups({
      ...{ store, directory, name: 'c1', everyMs: 1000, clock },
      onBackup: (report) => {
        taken.push(report)
        onTaken()
      },
      onError: (error) => {
        errors.push(error)
        onTaken()
      },
      ...options,
    })
    return schedule
  }

  /** Moves on, and waits for what comes of it. */
  async function advance(ms: number): Promise<void> {
    const done = new Promise<void>((resolve) => (onTaken = resolve))
    await clock.advance(ms)
    await done
    await clock.untilPending(1)
  }

  function createReply(): WorkingReply & { set: (status: string, child?: string) => void } {
    let parts = [{ kind: 'text' }, { kind: 'tool', status: 'completed' }]
    let children: { parts: typeof parts }[] = []
    const observers = new Set<() => void>()
    return {
      view: () => ({ parts, children }),
      observe: ({ changed }) => {
        observers.add(changed)
        return () => observers.delete(changed)
      },
      set: (status, child) => {
        parts = [{ kind: 'tool', status }]
        children = child === undefined ? [] : [{ parts: [{ kind: 'tool', status: child }] }]
        for (const changed of observers) changed()
      },
    }
  }

  it('goes on beside a reply that cannot say whether it works', async () => {
    start()
    const view = (): never => {
      throw new Error('It is closed.')
    }
    schedule.follow({ view, observe: () => () => {} })
    await advance(1000)
    expect(errors.map(String)).to.deep.equal(['Error: It is closed.'])
    await schedule.close()
    expect(taken).to.have.length(2)
  })

  it('takes one every so often, from the end of the one before', async () => {
    start()
    await clock.advance(999)
    expect(taken).to.have.length(0)
    await advance(1)
    await advance(1000)
    expect(taken.map(({ files }) => files)).to.deep.equal([1, 1])
  })

  it('waits until no tool runs, of sub-agents neither, and not longer than it may', async () => {
    start({ longestWaitMs: 5000 })
    const reply = createReply()
    schedule.follow(reply)
    reply.set('running')
    await clock.advance(1500)
    reply.set('completed', 'pending')
    await clock.advance(1500)
    expect(taken).to.have.length(0)
    const done = new Promise<void>((resolve) => (onTaken = resolve))
    reply.set('completed', 'error')
    await done
    await clock.untilPending(1)
    expect(taken).to.have.length(1)
    reply.set('running')
    await clock.advance(5999)
    expect(taken).to.have.length(1)
    await advance(1)
    expect(taken).to.have.length(2)
  })

  it('does not wait for a reply that was left', async () => {
    start()
    const reply = createReply()
    const leave = schedule.follow(reply)
    reply.set('running')
    await clock.advance(1500)
    const done = new Promise<void>((resolve) => (onTaken = resolve))
    leave()
    await done
    expect(taken).to.have.length(1)
  })

  it('takes one at a time, and keeps as many as it is told', async () => {
    let open = 0
    const most: number[] = []
    const counting: ArtifactStore = {
      ...store,
      put: async (...given) => {
        most.push((open += 1))
        try {
          return await store.put(...given)
        } finally {
          open -= 1
        }
      },
    }
    start({ store: counting, keep: 2 })
    for (let count = 0; count < 4; count += 1) {
      await writeFile(join(directory, `file ${count}`), String(count))
      await advance(1000)
    }
    await schedule.close()
    expect(Math.max(...most)).to.equal(1)
    const ids: string[] = []
    for await (const { id } of listBackups(store, 'c1')) ids.push(id)
    expect(ids).to.deep.equal(taken.slice(-2).map(({ id }) => id))
    expect(errors).to.deep.equal([])
  })

  it('goes on after a store that failed or hangs, and tells', async () => {
    let fault: 'reject' | 'hang' | null = 'reject'
    let hangs = (): void => {}
    const away: ArtifactStore = {
      ...store,
      put: async (...given) => {
        if (fault === 'reject') throw new Error('away')
        if (fault === 'hang') {
          hangs()
          return new Promise(() => {})
        }
        return store.put(...given)
      },
    }
    start({ store: away, longestBackupMs: 300 })
    await advance(1000)
    expect(errors.map(String)).to.deep.equal(['Error: away'])
    fault = 'hang'
    const hanging = new Promise<void>((resolve) => (hangs = resolve))
    await clock.advance(1000)
    await hanging
    await advance(300)
    expect(String(errors[1])).to.contain('within 300 ms')
    fault = null
    await advance(1000)
    expect(taken).to.have.length(1)
  })

  it('takes a last one when it is closed, once', async () => {
    start()
    const [first, second] = await Promise.all([schedule.close(), schedule.close()])
    expect(first).to.equal(second)
    expect(taken).to.deep.equal([first])
    expect(clock.pending).to.equal(0)
    await rm(directory, { recursive: true })
    start()
    expect(await schedule.close()).to.equal(null)
    expect(errors).to.have.length(1)
  })

  it('ends at once with its signal, and takes no last one', async () => {
    const aborting = new AbortController()
    start({ signal: aborting.signal })
    aborting.abort(new Error('enough'))
    expect(await schedule.close()).to.equal(null)
    expect(taken).to.deep.equal([])
    expect(errors).to.deep.equal([])
    expect(clock.pending).to.equal(0)
  })

  it('refuses times that make no sense', () => {
    expect(() => start({ everyMs: 0 })).to.throw(RangeError)
    expect(() => start({ longestWaitMs: Number.NaN })).to.throw(RangeError)
    start()
  })
})
