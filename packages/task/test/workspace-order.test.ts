import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gate, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { type OpenCodeRunOutput, TaskError } from '../src/index.js'
import { createWorkspace, type WorkspaceBackups, type WorkspaceOptions } from '../src/workspace.js'
import { all, lastOf, openRig, type Rig } from './support/rig.js'

describe('a workspace of which several things are asked at once', () => {
  let rig: Rig
  let root: string
  let release: () => void
  let released: Promise<void>
  let restoring: () => void
  let restores: Promise<void>

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'turnstead-workspace-'))
    released = new Promise((resolve) => (release = resolve))
    restores = new Promise((resolve) => (restoring = resolve))
  })
  afterEach(async () => {
    release()
    await rig[Symbol.asyncDispose]()
    rmSync(root, { recursive: true, force: true })
  })

  const open = (more: Partial<WorkspaceOptions> = {}) => {
    const { url, directory } = rig.impostor
    const server = { url, username: 'opencode', password: null, directory }
    return createWorkspace({ folder: join(root, 'one'), server, intervalMs: 10, ...more })
  }
  const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
    const error = await work.catch((thrown: unknown) => thrown)
    return TaskError.is(error) ? error.code : error
  }
  /** A storage whose restores take until they are released. */
  const slowBackups = (log: string[]): WorkspaceBackups => ({
    backup: async () => void log.push('backup'),
    async restore({ directory, into }) {
      log.push(`${into} begins`)
      restoring()
      await released
      writeFileSync(join(directory, 'restored.txt'), 'yes')
      log.push(`${into} ends`)
      return {}
    },
  })

  it('is closed by whoever takes its outputs, and gives the last one', async () => {
    rig = await openRig(reply(text('Half of it'), gate('stopped'), text('and more.')))
    const workspace = open()
    const outputs: OpenCodeRunOutput[] = []
    for await (const output of workspace.run('Go')) {
      outputs.push(output)
      if (JSON.stringify(output).includes('Half of it')) await workspace.close()
    }
    expect(outputs.at(-1)?.status).to.equal('cancelled')
    expect(outputs.at(-1)?.stop).to.include({ aborted: true, idle: true })
  })

  it('is used by nothing while it is replaced', async () => {
    rig = await openRig(reply(text('It is done.')))
    const log: string[] = []
    await using workspace = open({ backups: slowBackups(log) })
    const replaced = workspace.restore()
    await restores
    expect(await codeOf(all(workspace.run('Go')))).to.equal('busy')
    expect(await codeOf(workspace.backup())).to.equal('busy')
    expect(await codeOf(workspace.restore())).to.equal('busy')
    // The start waits, and finds what was restored.
    const started = workspace.start()
    for (let looks = 20; looks > 0; looks -= 1) await mkdtemp(join(root, 'other-'))
    expect(log).to.deep.equal(['replace begins'])
    release()
    await Promise.all([replaced, started])
    expect(log).to.deep.equal(['replace begins', 'replace ends'])
    expect((await lastOf(workspace.run('Go'))).status).to.equal('complete')
  })

  it('is not replaced below a run that is still starting, nor backed up half restored', async () => {
    rig = await openRig(reply(text('It is done.')))
    const log: string[] = []
    await using workspace = open({ backups: slowBackups(log) })
    const running = lastOf(workspace.run('Go'))
    await restores
    expect(await codeOf(workspace.restore())).to.equal('busy')
    const backedUp = workspace.backup()
    release()
    expect((await running).status).to.equal('complete')
    await backedUp
    expect(log).to.deep.equal(['empty begins', 'empty ends', 'backup'])
    expect(existsSync(join(workspace.directory, 'restored.txt'))).to.equal(true)
  })

  it('ends what works on its directory when it is closed, and waits for no storage for ever', async () => {
    rig = await openRig([])
    let reason: unknown = null
    const backups: WorkspaceBackups = {
      backup: ({ signal }) =>
        new Promise((_resolve, reject) => {
          restoring()
          signal?.addEventListener('abort', () => reject((reason = signal.reason)))
        }),
      restore: async () => null,
    }
    const workspace = open({ backups })
    const backedUp = codeOf(workspace.backup())
    await restores
    await workspace.close()
    expect(await backedUp).to.equal('closed')
    expect(TaskError.is(reason)).to.equal(true)

    const deaf = open({ backups: { ...backups, backup: () => new Promise(() => {}) }, closeMs: 20 })
    void deaf.backup()
    await deaf.close()
  })

  it('refuses options that make no sense, of itself and of a run', async () => {
    rig = await openRig([])
    expect(() => open({ credentials: { provider: 'openai', apiKey: 'k' } })).to.throw(
      TypeError,
      '`credentials` is of a server of the workspace’s own'.replace('’', "'"),
    )
    expect(() => open({ server: 'http://127.0.0.1:4096' as never })).to.throw(TypeError, '`server`')
    await using workspace = open()
    const run = async (prompt: string, options: object) =>
      String(await all(workspace.run(prompt, options)).catch((thrown: unknown) => thrown))
    expect(await run('Go', { session: 'ses_1' })).to.contain('no option "session"')
    expect(await run(' ', {})).to.contain('`prompt`')
    expect(await run('Go', { sessionId: 5 })).to.contain('`sessionId`')
  })
})
