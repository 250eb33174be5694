import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryStore } from '@turnstead/artifacts/memory'
import { type ChangeBatch, createWorkspaceWatch } from '@turnstead/artifacts/watch'
import { backupWorkspace, restoreWorkspace } from '@turnstead/artifacts/workspace'
import { gate, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { systemClock } from '../src/clock.js'
import { type Clock, type OpenCodeRunOutput, opencodeTask, TaskError } from '../src/index.js'
import { createWorkspace, type WorkspaceBackups, type WorkspaceOptions } from '../src/workspace.js'
import { all, execute, lastOf, openRig, type Rig } from './support/rig.js'

describe('a workspace', () => {
  let rig: Rig
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'turnstead-workspace-'))
  })
  afterEach(async () => {
    await rig[Symbol.asyncDispose]()
    rmSync(root, { recursive: true, force: true })
  })

  const open = <Backup, Changes>(
    name: string,
    more: Partial<WorkspaceOptions<Backup, Changes>> = {},
  ) => {
    const { url, directory } = rig.impostor
    const server = { url, username: 'opencode', password: null, directory }
    return createWorkspace({ folder: join(root, name), server, intervalMs: 10, ...more })
  }
  const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
    const error = await work.catch((thrown: unknown) => thrown)
    return TaskError.is(error) ? error.code : error
  }

  it('runs the agent in a directory of its own, session after session', async () => {
    rig = await openRig(reply(text('It is done.')))
    await using one = open('one')
    const first = await lastOf(one.run('First'))
    expect(first).to.include({ status: 'complete', summary: 'It is done.' })
    const sessionId = String(first.sessionId)
    const second = await lastOf(one.run('Second', { sessionId }))
    expect(second).to.include({ status: 'complete', sessionId })
    const session = await rig.client.withScope({ directory: one.directory }).session.get(sessionId)
    expect(session.directory).to.equal(one.directory)

    // As after a restart of the host: the same folder may go on, another one may not.
    await using again = open('one')
    expect((await lastOf(again.run('Third', { sessionId }))).status).to.equal('complete')
    await using two = open('two')
    const stolen = await lastOf(two.run('Fourth', { sessionId }))
    expect(stolen.error?.code).to.equal('session_unknown')
  })

  it('gives its client to the tool, which starts it with the first call', async () => {
    rig = await openRig(reply(text('It is done.')))
    await using workspace = open('one')
    const task = opencodeTask({ client: workspace.start, intervalMs: 10 })
    expect(existsSync(workspace.directory)).to.equal(false)
    const output = await lastOf(execute(task, { prompt: 'Go' }))
    expect(output.status).to.equal('complete')
    expect(existsSync(workspace.directory)).to.equal(true)
  })

  it('starts again after a start that failed, and says in the output when there is no server', async () => {
    rig = await openRig(reply(text('It is done.')))
    let attempts = 0
    const backups: WorkspaceBackups = {
      backup: async () => null,
      async restore() {
        attempts += 1
        if (attempts === 1) throw new Error('the storage is away')
        return null
      },
    }
    await using workspace = open('one', { backups })
    const reports: unknown[] = []
    const onError = (error: unknown) => void reports.push(error)
    const task = opencodeTask({ client: workspace.start, turn: { onError } })
    const output = await lastOf(execute(task, { prompt: 'Go' }))
    expect(output.error).to.include({ code: 'server_unreachable', retryable: true })
    expect(String(reports[0])).to.contain('the storage is away')
    const [one, two] = await Promise.all([workspace.start(), workspace.start()])
    expect(one).to.equal(two)
    expect(attempts).to.equal(2)
  })

  it('stops its runs when it is closed, and takes no others', async () => {
    rig = await openRig(reply(text('Half of it'), gate('stopped'), text('and more.')))
    const workspace = open('one')
    const outputs: OpenCodeRunOutput[] = []
    for await (const output of workspace.run('Go')) {
      outputs.push(output)
      if (JSON.stringify(output).includes('Half of it')) void workspace.close()
    }
    expect(outputs.at(-1)?.status).to.equal('cancelled')
    expect(outputs.at(-1)?.stop).to.include({ aborted: true, idle: true })
    await workspace.close()
    expect(await codeOf(workspace.start())).to.equal('closed')
    expect(await codeOf(all(workspace.run('Go')))).to.equal('closed')
  })

  it('is closed in `closeMs` when its server is gone, and says that the stop was not proved', async () => {
    rig = await openRig(reply(text('Half of it'), gate('gone'), text('and more.')))
    const closeMs = 77_777
    const clock: Clock = {
      now: () => Date.now(),
      sleep: async (ms, options) => {
        if (ms !== closeMs) return await systemClock.sleep(ms, options)
        waited += 1
      },
    }
    let waited = 0
    const workspace = open('one', { clock, closeMs, turn: { budgets: { stopMs: 600_000 } } })
    const last = lastOf(workspace.run('Go'))
    await rig.impostor.gate('gone').reached()
    await rig.impostor.kill()
    await workspace.close()
    expect(waited).to.equal(1)
    expect(await last).to.include({ status: 'cancelled' })
    expect((await last).stop).to.include({ aborted: false, idle: false })
    expect(() => open('two', { closeMs: -1 })).to.throw(RangeError, 'closeMs')
    expect(() => open('two', { foldr: '' } as object)).to.throw(TypeError, 'foldr')
  })

  it('is backed up and restored, and replaced only while no one works in it', async () => {
    rig = await openRig(reply(text('Half of it'), gate('go on'), text('and more.')))
    const store = createMemoryStore()
    const backups: WorkspaceBackups<unknown> = {
      backup: (at) => backupWorkspace({ store, name: 'chat-1', ...at }),
      restore: (at) => restoreWorkspace({ store, name: 'chat-1', ...at }),
    }
    await using one = open('one', { backups })
    await one.start()
    writeFileSync(join(one.directory, 'a.txt'), 'first')
    await one.backup()

    // Another machine: its folder is empty, so the backup comes with the start.
    await using two = open('two', { backups })
    await two.start()
    expect(readFileSync(join(two.directory, 'a.txt'), 'utf8')).to.equal('first')

    const statuses: string[] = []
    for await (const output of one.run('Go')) {
      statuses.push(output.status)
      if (output.status !== 'working' || !JSON.stringify(output).includes('Half of it')) continue
      expect(await codeOf(one.restore())).to.equal('busy')
      rig.impostor.gate('go on').open()
    }
    expect(statuses.at(-1)).to.equal('complete')
    writeFileSync(join(one.directory, 'a.txt'), 'second')
    await one.restore()
    expect(readFileSync(join(one.directory, 'a.txt'), 'utf8')).to.equal('first')
  })

  it('keeps what is there when it starts in a directory that holds something', async () => {
    rig = await openRig()
    let restored = 0
    const backups: WorkspaceBackups = {
      backup: async () => null,
      restore: async () => (restored += 1),
    }
    mkdirSync(join(root, 'one', 'files'), { recursive: true })
    writeFileSync(join(root, 'one', 'files', 'a.txt'), 'mine')
    await using workspace = open('one', { backups })
    await workspace.start()
    expect(restored).to.equal(0)
  })

  it('tells what changes, until it is left or closed', async () => {
    rig = await openRig()
    const seen: unknown[] = []
    let ended = false
    await using workspace = open('one', {
      async *watchFiles({ directory, signal }) {
        seen.push(directory)
        yield { changes: ['a.txt'] }
        if (signal?.aborted === false) {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
        }
        ended = true
      },
    })
    for await (const changes of workspace.watch()) {
      seen.push(changes)
      void workspace.close()
    }
    expect(seen).to.deep.equal([workspace.directory, { changes: ['a.txt'] }])
    expect(ended).to.equal(true)
  })

  it('tells what changes by the watch of artifacts', async () => {
    rig = await openRig()
    await using workspace = open<unknown, ChangeBatch>('one', {
      async *watchFiles({ directory, client, signal }) {
        await using watch = createWorkspaceWatch({ directory, events: client.events })
        yield* watch.subscribe({ ...(signal && { signal }) })
      },
    })
    await workspace.start()
    const leave = new AbortController()
    const seen: string[] = []
    const watching = (async () => {
      for await (const batch of workspace.watch({ signal: leave.signal })) {
        seen.push(...batch.changes.map(({ path }) => path))
        if (seen.includes('a.txt')) break
      }
    })()
    const writing = setInterval(() => {
      writeFileSync(join(workspace.directory, 'a.txt'), String(Math.random()))
    }, 50)
    await watching
    clearInterval(writing)
    expect(seen).to.include('a.txt')
  })

  it('has no server of its own without credentials', async () => {
    rig = await openRig()
    await using workspace = createWorkspace({ folder: join(root, 'one'), env: {} })
    expect(await codeOf(workspace.start())).to.equal('no_provider')
  })
})
