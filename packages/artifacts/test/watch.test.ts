import { appendFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createManualClock, type ManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { watchFolder, type WatchFolder } from '../src/watch/folder-watchers.js'
import type { ChangeBatch } from '../src/watch/change-set.js'
import type { WatchOptions } from '../src/watch/options.js'
import {
  createWatchWith,
  createWorkspaceWatch,
  type WorkspaceWatch,
} from '../src/watch/workspace-watch.js'
import type { WorkspaceChanges } from '../src/watch/reader.js'
import { rejectionOf } from './support/thrown.js'

interface Told {
  readonly place: string
  readonly onChange: () => void
  readonly onError: (error: unknown) => void
  isStopped: boolean
}

describe('createWorkspaceWatch on a disk', () => {
  let base: string
  let root: string
  let clock: ManualClock
  let watch: WorkspaceWatch
  /** What the watch asked the system to tell of, in order. */
  let told: Told[]
  let errors: unknown[]

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'turnstead-watch-'))
    root = join(base, 'agent')
    await mkdir(join(root, 'sub/deep'), { recursive: true })
    await writeFile(join(root, 'sub/a.txt'), 'a')
    clock = createManualClock()
    told = []
    errors = []
  })

  afterEach(async () => {
    await watch.close()
    await rm(base, { recursive: true, force: true })
  })

  const silent: WatchFolder = (place, hooks) => {
    const entry: Told = { place, ...hooks, isStopped: false }
    told.push(entry)
    return () => (entry.isStopped = true)
  }

  async function start(options: WatchOptions = {}, system = silent): Promise<WorkspaceChanges> {
    watch = createWatchWith(
      { directory: root, clock, onError: (error) => errors.push(error), ...options },
      system,
    )
    const changes = watch.subscribe()
    await changes.ready
    return changes
  }

  async function take(changes: WorkspaceChanges): Promise<ChangeBatch> {
    const step = await changes[Symbol.asyncIterator]().next()
    if (step.done === true) throw new Error('The loop has ended.')
    const sorted = step.value.changes.toSorted((one, other) => (one.path < other.path ? -1 : 1))
    return { ...step.value, changes: sorted }
  }

  /** Lets the watch look everywhere. */
  async function fullLook(): Promise<void> {
    await clock.untilPending(1)
    await clock.advance(30_000)
    await clock.untilPending(1)
    await clock.advance(100)
  }

  /** The system tells of a folder, by its number. */
  async function tell(index: number): Promise<void> {
    await clock.untilPending(1)
    told[index]?.onChange()
    await Promise.resolve()
    await clock.untilPending(1)
    await clock.advance(100)
  }

  it('tells what was added, changed and removed, and nothing of what was there', async () => {
    const changes = await start()
    await writeFile(join(root, 'new.txt'), 'new')
    await appendFile(join(root, 'sub/a.txt'), '!')
    await fullLook()
    expect(await take(changes)).to.deep.equal({
      changes: [
        { path: 'new.txt', kind: 'added' },
        { path: 'sub/a.txt', kind: 'changed' },
      ],
      truncated: false,
    })
    await rm(join(root, 'sub'), { recursive: true })
    await fullLook()
    expect((await take(changes)).changes).to.deep.equal([{ path: 'sub/a.txt', kind: 'removed' }])
  })

  it('looks at the folder that the system tells of, and only there', async () => {
    const changes = await start()
    expect(told).to.have.length(3)
    await writeFile(join(root, 'unseen.txt'), '')
    await writeFile(join(root, 'sub/b.txt'), '')
    await tell(1)
    expect((await take(changes)).changes).to.deep.equal([{ path: 'sub/b.txt', kind: 'added' }])
  })

  it('follows a folder that is moved, with all that is in it', async () => {
    const changes = await start()
    await rename(join(root, 'sub'), join(root, 'other'))
    await tell(0)
    expect((await take(changes)).changes).to.deep.equal([
      { path: 'other/a.txt', kind: 'added' },
      { path: 'sub/a.txt', kind: 'removed' },
    ])
    expect(told.map(({ isStopped }) => isStopped)).to.deep.equal([
      ...[false, true, true],
      ...[false, false],
    ])
  })

  it('passes over what is ignored, links, and what they lead to', async () => {
    const changes = await start({ ignore: (path) => path.endsWith('.log') })
    await mkdir(join(base, 'outside'))
    await writeFile(join(base, 'outside/secret.txt'), '')
    await symlink(join(base, 'outside'), join(root, 'sub/out'))
    await symlink(join(base, 'outside/secret.txt'), join(root, 'link.txt'))
    await mkdir(join(root, '.git'))
    await writeFile(join(root, '.git/HEAD'), '')
    await writeFile(join(root, 'a.log'), '')
    await writeFile(join(root, 'seen.txt'), '')
    await fullLook()
    expect((await take(changes)).changes).to.deep.equal([{ path: 'seen.txt', kind: 'added' }])
    expect(told).to.have.length(3)
  })

  it('takes nothing from a folder that became a link', async () => {
    const changes = await start()
    await mkdir(join(base, 'outside/deep'), { recursive: true })
    await writeFile(join(base, 'outside/secret.txt'), '')
    await rename(join(root, 'sub'), join(base, 'moved'))
    await symlink(join(base, 'outside'), join(root, 'sub'))
    // Of the folder itself, so that it and not the one above is looked at.
    await tell(1)
    expect((await take(changes)).changes).to.deep.equal([{ path: 'sub/a.txt', kind: 'removed' }])
  })

  it('gathers what changes within `coalesceMs`, each file once', async () => {
    const changes = await start()
    await clock.untilPending(1)
    told[1]?.onChange()
    await writeFile(join(root, 'sub/b.txt'), '1')
    told[1]?.onChange()
    await writeFile(join(root, 'sub/b.txt'), '22')
    told[1]?.onChange()
    await clock.advance(100)
    expect((await take(changes)).changes).to.deep.equal([{ path: 'sub/b.txt', kind: 'added' }])
  })

  it('tells a reader that is too slow that it was', async () => {
    const changes = await start({ maxChanges: 2 })
    for (const name of ['1', '2', '3']) await writeFile(join(root, name), '')
    await fullLook()
    expect(await take(changes)).to.deep.equal({ changes: [], truncated: true })
    await rm(join(root, '1'))
    await fullLook()
    expect(await take(changes)).to.deep.equal({
      changes: [{ path: '1', kind: 'removed' }],
      truncated: false,
    })
  })

  it('says when there is more than it may know', async () => {
    const changes = await start({ maxEntries: 4 })
    for (const name of ['1', '2', '3']) await writeFile(join(root, name), '')
    await fullLook()
    expect((await take(changes)).truncated).to.equal(true)
    await watch.close()
    const deep = await start({ maxDepth: 1 })
    await fullLook()
    expect(await take(deep)).to.deep.equal({ changes: [], truncated: true })
  })

  it('looks more often where the system does not tell', async () => {
    const changes = await start({ pollMs: 700 }, () => {
      throw new Error('no more watches')
    })
    expect(errors.map(String)).to.deep.equal(['Error: no more watches'])
    await writeFile(join(root, 'new.txt'), '')
    await clock.untilPending(1)
    expect(clock.nextInMs).to.be.within(1, 700)
    await clock.advance(700)
    await clock.untilPending(1)
    await clock.advance(100)
    expect((await take(changes)).changes).to.deep.equal([{ path: 'new.txt', kind: 'added' }])
  })

  it('watches at most `maxWatchedFolders`', async () => {
    await start({ maxWatchedFolders: 2 })
    expect(told).to.have.length(2)
    await clock.untilPending(1)
    expect(clock.nextInMs).to.equal(2000)
  })

  it('watches a folder again whose watch failed', async () => {
    const changes = await start()
    await clock.untilPending(1)
    told[1]?.onError(new Error('lost'))
    await writeFile(join(root, 'sub/b.txt'), '')
    await clock.advance(100)
    expect((await take(changes)).changes).to.deep.equal([{ path: 'sub/b.txt', kind: 'added' }])
    expect(errors.map(String)).to.deep.equal(['Error: lost'])
    expect(told).to.have.length(4)
  })

  it('misses nothing while the workspace is away or cannot be looked at', async () => {
    const changes = await start()
    await rename(root, join(base, 'away'))
    await symlink(join(base, 'away'), root)
    await fullLook()
    await clock.untilPending(1)
    expect(errors).to.have.length(1)
    expect(errors[0]).to.have.property('code', 'unsafe_path')
    await rm(root)
    await rename(join(base, 'away'), root)
    await writeFile(join(root, 'meanwhile.txt'), '')
    await clock.advance(500)
    expect((await take(changes)).changes).to.deep.equal([{ path: 'meanwhile.txt', kind: 'added' }])
    await rm(root, { recursive: true })
    await fullLook()
    expect((await take(changes)).changes).to.have.length(2)
  })

  it('tells what it found before a fault in the same look', async () => {
    let isBroken = false
    const changes = await start({
      ignore: (path) => {
        if (isBroken && path === 'bad') throw new Error('The rule of the host failed.')
        return false
      },
    })
    await writeFile(join(root, 'sub/b.txt'), 'b')
    await writeFile(join(root, 'bad'), 'x')
    isBroken = true
    await clock.untilPending(1)
    // The folder first, then the workspace itself.
    told[1]?.onChange()
    told[0]?.onChange()
    await Promise.resolve()
    await clock.untilPending(1)
    await clock.advance(100)
    expect((await take(changes)).changes).to.deep.equal([{ path: 'sub/b.txt', kind: 'added' }])
    expect(errors).to.have.length(1)
  })

  it('begins with a directory that is not there yet', async () => {
    await rm(root, { recursive: true })
    const changes = await start()
    await mkdir(root)
    await writeFile(join(root, 'first.txt'), '')
    await clock.untilPending(1)
    await clock.advance(2000)
    await clock.untilPending(1)
    await clock.advance(100)
    expect((await take(changes)).changes).to.deep.equal([{ path: 'first.txt', kind: 'added' }])
  })

  it('is off without subscribers, shared among them, and on again', async () => {
    const first = await start()
    const second = watch.subscribe()
    await second.ready
    expect(told).to.have.length(3)
    first.close()
    await Promise.resolve()
    expect(told.every(({ isStopped }) => !isStopped)).to.equal(true)
    await writeFile(join(root, 'new.txt'), '')
    await fullLook()
    expect((await take(second)).changes).to.have.length(1)
    second.close()
    await Promise.resolve()
    await Promise.resolve()
    expect(told.every(({ isStopped }) => isStopped)).to.equal(false)
    const third = watch.subscribe()
    await third.ready
    expect(told).to.have.length(6)
    expect(told.slice(0, 3).every(({ isStopped }) => isStopped)).to.equal(true)
  })

  it('ends loops: by leaving, by its signal, by close', async () => {
    const changes = await start()
    const reason = new Error('enough')
    const aborting = new AbortController()
    const aborted = watch.subscribe({ signal: aborting.signal })
    const failed = rejectionOf(take(aborted))
    aborting.abort(reason)
    expect(await failed).to.equal(reason)
    expect(await rejectionOf(watch.subscribe({ signal: aborting.signal }).ready)).to.equal(reason)
    const waiting = changes[Symbol.asyncIterator]().next()
    await watch.close()
    expect(await waiting).to.deep.equal({ done: true, value: undefined })
    expect(told.every(({ isStopped }) => isStopped)).to.equal(true)
    expect(clock.pending).to.equal(0)
    const late = watch.subscribe()
    await late.ready
    for await (const _ of late) throw new Error('There is nothing.')
  })

  it('is told by this system', async () => {
    watch = createWorkspaceWatch({ directory: root, coalesceMs: 1, rescanMs: 1e9, pollMs: 1e9 })
    const changes = watch.subscribe()
    await changes.ready
    await mkdir(join(root, 'made/in/one'), { recursive: true })
    await writeFile(join(root, 'made/in/one/go.txt'), '1')
    const seen = new Map<string, string>()
    for await (const batch of changes) {
      for (const { path, kind } of batch.changes) seen.set(path, kind)
      if (seen.has('made/in/one/go.txt') && !seen.has('sub/deep/x.txt')) {
        await writeFile(join(root, 'sub/deep/x.txt'), '1')
      }
      if (seen.has('sub/deep/x.txt')) break
    }
    expect(Object.fromEntries(seen)).to.deep.equal({
      'made/in/one/go.txt': 'added',
      'sub/deep/x.txt': 'added',
    })
  })

  it('refuses options that make no sense', () => {
    expect(() => createWorkspaceWatch({})).to.throw(TypeError)
    expect(() => createWorkspaceWatch({ agentDirectory: root })).to.throw(TypeError)
    expect(() => createWorkspaceWatch({ directory: root, coalesceMs: 0 })).to.throw(RangeError)
    expect(() => createWorkspaceWatch({ directory: root, maxEntries: -1 })).to.throw(RangeError)
    watch = createWatchWith({ directory: root }, watchFolder)
  })
})
