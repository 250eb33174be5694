import { gate, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { opencodeTask } from '../src/index.js'
import { execute, lastOf, openRig, type Rig } from './support/rig.js'

describe('what happens in the directory of a run', () => {
  let rig: Rig
  afterEach(() => rig[Symbol.asyncDispose]())

  const runBeside = async (isDirectoryOwn: boolean) => {
    rig = await openRig(
      reply(tool.bash({ command: 'make' }, { output: '' }), gate('made'), text('Made.')),
    )
    const { impostor, client } = rig
    const last = lastOf(
      execute(opencodeTask({ client, isDirectoryOwn, intervalMs: 10 }), {
        prompt: 'Make it',
        outputFile: 'dist/out.txt',
      }),
    )
    await impostor.gate('made').reached()
    const file = `${impostor.directory}/dist/out.txt`
    impostor.publish('file.watcher.updated', { file, event: 'add' })
    impostor.publish('lsp.client.diagnostics', { path: file, serverID: 'typescript' })
    impostor.publish('pty.created', {
      info: {
        id: 'pty_1',
        title: 'sh',
        command: 'sh',
        args: ['-c'],
        cwd: '/',
        status: 'running',
        pid: 1,
      },
    })
    impostor.gate('made').open()
    return await last
  }

  it('is shown where the directory is its own', async () => {
    const last = await runBeside(true)
    expect(last.fileChanges).to.deep.equal([{ path: 'dist/out.txt', event: 'add' }])
    expect(last.diagnostics).to.deep.equal([{ path: 'dist/out.txt', server: 'typescript' }])
    expect(last.processes.map(({ id, status }) => [id, status])).to.deep.equal([
      ['pty_1', 'running'],
    ])
    expect(last.outputFile).to.include({
      path: 'dist/out.txt',
      isVerified: false,
      reason: 'missing',
    })
  })

  it('is not shown where others work there, too: it may be theirs', async () => {
    const last = await runBeside(false)
    expect(last).to.deep.include({ fileChanges: [], diagnostics: [], processes: [] })
    expect(last.outputFile).to.include({ isVerified: false, reason: 'not_of_this_run' })
  })
})
