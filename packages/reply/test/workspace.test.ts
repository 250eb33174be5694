import { expect } from 'chai'
import { describe, it } from 'mocha'
import { foldChange } from '../src/changes.js'
import { parseReply } from '../src/index.js'
import type { ReplyView } from '../src/index.js'
import { beginTurn } from './support/turn.js'

describe('what happens in the directory', () => {
  it('is folded: files, diffs, diagnostics and terminals', () => {
    const turn = beginTurn()
    const { server, sessionId } = turn
    let told: ReplyView = turn.reply.view()
    turn.reply.observe({
      changed: (change) => {
        told = foldChange(told, change)
      },
    })
    server.send('file.edited', { file: '/w/a.txt' })
    server.send('file.watcher.updated', { file: '/w/a.txt', event: 'add' })
    server.send('file.watcher.updated', { file: '/w/a.txt', event: 'change' })
    server.send('lsp.client.diagnostics', { path: '/w/a.ts', serverID: 'typescript' })
    const info = { id: 'pty_1', command: 'bash', args: ['-l'], status: 'running' }
    server.send('pty.created', { info })
    server.send('pty.exited', { id: 'pty_1', exitCode: 2 })
    const diff = [{ file: 'a.txt', patch: '+a', additions: 1, deletions: 0, status: 'added' }]
    server.send('session.diff', { sessionID: sessionId, diff })
    server.send('session.diff', { sessionID: sessionId, diff: [] })
    turn.hear()
    const expected = {
      edited: ['/w/a.txt'],
      changed: [{ path: '/w/a.txt', event: 'change' }],
      diffs: [{ path: 'a.txt', patch: '+a', additions: 1, deletions: 0, status: 'added' }],
      diagnostics: [{ path: '/w/a.ts', server: 'typescript' }],
      processes: [{ id: 'pty_1', command: 'bash', args: ['-l'], status: 'exited', exitCode: 2 }],
    }
    for (const view of [turn.reply.view(), told, parseReply(JSON.stringify(turn.reply)).view()])
      expect(view.workspace).to.deep.equal(expected)
  })

  it('takes the diffs of the turn from the prompt, by event and by poll', () => {
    const turn = beginTurn()
    const diffs = [{ file: 'a.txt', patch: '+a', additions: 1, deletions: 0, status: 'added' }]
    turn.server.patchMessage(turn.promptId, { summary: { diffs } })
    turn.poll()
    expect(turn.reply.view().workspace.diffs).to.have.lengthOf(1)
  })

  it('is the same when it is reported again, and does not run backwards', () => {
    const turn = beginTurn()
    const info = { id: 'pty_1', command: 'bash', status: 'running' }
    turn.server.send('pty.created', { info })
    turn.server.send('pty.deleted', { id: 'pty_1' })
    turn.server.send('file.watcher.updated', { file: '/w/a', event: 'add' })
    turn.server.send('file.watcher.updated', { file: '/w/a', event: 'unlink' })
    turn.hear()
    const stored = JSON.stringify(turn.reply)
    for (const event of turn.server.events) turn.reply.apply(event)
    expect(JSON.stringify(turn.reply)).to.equal(stored)
    turn.reply.apply({ type: 'pty.updated', properties: { info } })
    expect(turn.reply.view().workspace.processes[0]).to.include({ status: 'exited' })
  })

  it('keeps 200 entries of a kind, and no patch that is too long', () => {
    const turn = beginTurn()
    for (let index = 0; index < 300; index += 1) {
      turn.server.send('file.edited', { file: `/w/${index}` })
      turn.server.send('file.watcher.updated', { file: `/w/${index}`, event: 'add' })
    }
    const diff = Array.from({ length: 300 }, () => ({ file: 'a', patch: 'x'.repeat(100_001) }))
    turn.server.send('session.diff', { sessionID: turn.sessionId, diff })
    turn.hear()
    const { edited, changed, diffs } = turn.reply.view().workspace
    expect([edited.length, changed.length, diffs.length]).to.deep.equal([200, 200, 200])
    expect(diffs[0]?.patch).to.equal(null)
    turn.server.send('file.watcher.updated', { file: '/w/3', event: 'unlink' })
    turn.hear()
    expect(turn.reply.view().workspace.changed[3]).to.include({ event: 'unlink' })
  })

  it('is not of the turn after its end, nor of one that the session went on to', () => {
    const turn = beginTurn()
    turn.complete(turn.answer())
    const later = turn.server.addMessage(turn.sessionId, { role: 'user' })
    turn.answer(later)
    const diff = [{ file: 'a.txt' }]
    turn.server.send('session.diff', { sessionID: turn.sessionId, diff })
    turn.hear()
    turn.reply.close()
    turn.server.send('file.edited', { file: '/w/a' })
    turn.hear()
    expect(turn.reply.view().workspace).to.deep.include({ diffs: [], edited: [] })
  })

  it('is left alone by what cannot be read', () => {
    const turn = beginTurn()
    const types = ['file.edited', 'file.watcher.updated', 'lsp.client.diagnostics', 'session.diff']
    for (const type of [...types, 'pty.created', 'pty.exited']) turn.server.send(type, {})
    turn.server.send('session.diff', { sessionID: turn.sessionId, diff: [null, 7] })
    turn.hear()
    const { diffs, ...rest } = turn.reply.view().workspace
    expect(diffs).to.have.lengthOf(2)
    expect(Object.values(rest).flat()).to.deep.equal([])
  })
})
