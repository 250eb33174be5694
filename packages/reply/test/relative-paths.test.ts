import { expect } from 'chai'
import { describe, it } from 'mocha'
import { parseReply } from '../src/index.js'
import { createChangeLog } from '../src/server-sent-events.js'
import { createTurboRenderer, html, withoutRoots } from '../src/turbo.js'
import { createUiMessageEncoder, toUiMessage } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

const root = '/srv/work'

/** Everything that names a path: a call, its ask, a patch, and the directory itself. */
function work(directory = root): Turn {
  const turn = beginTurn()
  const { server, sessionId, promptId } = turn
  const path = { cwd: directory, root: '/' }
  const info = { role: 'assistant', parentID: promptId, path }
  const message = server.addMessage(sessionId, info)
  const filePath = `${directory}/src/a.ts`
  const input = { filePath, content: `see ${directory}` }
  const metadata = { filepath: filePath, diff: `--- ${filePath}\n+++ ${filePath}` }
  const state = {
    status: 'completed',
    input,
    metadata,
    title: filePath,
    output: `<p>${filePath}</p>`,
  }
  turn.call(message, state, 'write')
  const ask = { id: 'per_1', sessionID: sessionId, permission: 'edit', patterns: [filePath] }
  server.send('permission.asked', ask)
  server.putPart(message, { type: 'patch', hash: 'a', files: [filePath] })
  server.send('file.edited', { file: filePath })
  turn.hear()
  return turn
}

const show = (value: unknown): ReturnType<typeof html> => html`${JSON.stringify(value)}`
const templates = { part: show, asks: show }

/** Everything that a browser could be sent of a turn. */
function sent({ reply }: Turn, options: { root?: string | null } = {}): string {
  const log = createChangeLog(reply, options)
  reply.note({ type: 'x', data: null })
  const encoder = createUiMessageEncoder(reply, options)
  return [
    JSON.stringify(log.view()),
    ...(log.since(reply.revision - 1) ?? []).map(({ json }) => json),
    JSON.stringify(encoder.next()),
    JSON.stringify(toUiMessage(reply, options)),
    createTurboRenderer(reply, { templates, ...options }).page(),
    createTurboRenderer(reply, { templates, ...options }).next(),
  ].join('\n')
}

describe('what goes to browsers', () => {
  it('has paths relative to the directory that the server names', () => {
    const turn = work()
    expect(turn.reply.directory).to.equal(root)
    expect(sent(turn)).to.include('src/a.ts').and.to.not.include(root)
    expect(turn.reply.result().tools[0]?.title).to.equal(`${root}/src/a.ts`)
  })

  it('has them also in changes, and for a stored reply', () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply, { root })
    const from = turn.reply.revision
    const { server } = turn
    const message = turn.answer()
    turn.call(message, { status: 'running', input: { filePath: `${root}/a` } }, 'read')
    server.send('file.edited', { file: `${root}/a` })
    server.ask(turn.sessionId, null, `${root}/a`)
    turn.hear()
    const changes = JSON.stringify(log.since(from))
    expect(changes).to.include('filePath').and.to.not.include(root)
    const stored = parseReply(JSON.stringify(work().reply))
    expect(JSON.stringify(toUiMessage(stored))).to.not.include(root)
  })

  it('leaves paths as they are when that is asked for', () => {
    expect(sent(work(), { root: null })).to.include(`${root}/src/a.ts`)
    expect(sent(work(), { root: '/other' })).to.include(`${root}/src/a.ts`)
  })

  it('knows where a path begins and where the name of the directory ends', () => {
    const cases: Readonly<Record<string, string>> = {
      '/srv/work': '.',
      '/srv/work/': '.',
      '/srv/work/a b': 'a b',
      'cd /srv/work && cat /srv/work/a;': 'cd . && cat a;',
      '"/srv/work/a.ts"': '"a.ts"',
      'file:///srv/work/a': 'a',
      'PATH=/srv/work/a:/srv/work/b': 'PATH=a:b',
      '/srv/work2/a': '/srv/work2/a',
      '/srv/work-old/a': '/srv/work-old/a',
      '/srv/work.git/a': '/srv/work.git/a',
      '/x/srv/work/a': '/x/srv/work/a',
      '../srv/work/a': '../srv/work/a',
    }
    const turn = beginTurn()
    const log = createChangeLog(turn.reply, { root: `${root}/` })
    for (const path of Object.keys(cases)) turn.server.send('file.edited', { file: path })
    turn.hear()
    expect(log.view().workspace.edited).to.deep.equal(Object.values(cases))
  })

  it('can be had for a text of the model, too', () => {
    const text = 'I wrote `/data/work/a.md` and [b](/data/b), not /database/c.'
    expect(withoutRoots(text, ['/data/work', '/data'])).to.equal(
      'I wrote `a.md` and [b](b), not /database/c.',
    )
  })

  it('takes several directories, the inner one first', () => {
    const turn = beginTurn()
    for (const file of ['/data/work/a', '/data/tmp/b', '/else/c'])
      turn.server.send('file.edited', { file })
    turn.hear()
    const log = createChangeLog(turn.reply, { root: ['/data/work', '/data'] })
    expect(log.view().workspace.edited).to.deep.equal(['a', 'tmp/b', '/else/c'])
  })

  it('works for a directory of Windows, and not for one that holds everything', () => {
    const turn = beginTurn()
    turn.server.send('file.edited', { file: 'C:\\work (1)\\a' })
    turn.hear()
    const edited = (path: string): readonly string[] =>
      createChangeLog(turn.reply, { root: path }).view().workspace.edited
    expect(edited('C:\\work (1)')).to.deep.equal(['a'])
    expect(edited('/')).to.deep.equal(['C:\\work (1)\\a'])
  })
})
