import { reply, text } from '../../../src/script/builder.js'
import { always } from '../../../src/script/scenario.js'
import { tool } from '../../../src/script/tools.js'
import type { ConformanceScenario } from '../../scenario.js'

type Request = readonly [method: string, path: string, body?: unknown]

const told: readonly Request[] = [
  ['POST', '/tui/append-prompt', { text: 'hi' }],
  ['POST', '/tui/append-prompt', {}],
  ['POST', '/tui/open-help'],
  ['POST', '/tui/open-sessions'],
  ['POST', '/tui/open-themes'],
  ['POST', '/tui/open-models'],
  ['POST', '/tui/submit-prompt'],
  ['POST', '/tui/clear-prompt'],
  ['POST', '/tui/execute-command', { command: 'session_new' }],
  ['POST', '/tui/execute-command', { command: 'nope' }],
  ['POST', '/tui/show-toast', { message: 'm', variant: 'info' }],
  ['POST', '/tui/show-toast', { title: 't', message: 'm', variant: 'pink' }],
  ['POST', '/tui/publish', { type: 'tui.prompt.append', properties: { text: 'x' } }],
  ['POST', '/tui/publish', { type: 'nope', properties: {} }],
  ['POST', '/tui/select-session', { sessionID: 'ses_000000000000AAAAAAAAAAAAAA' }],
  ['POST', '/tui/select-session', { sessionID: 'x' }],
  ['POST', '/tui/control/response', { a: 1 }],
]

const kept: readonly Request[] = [
  ['PUT', '/auth/foo', { type: 'api', key: 'k' }],
  ['PUT', '/auth/foo', { type: 'nope' }],
  ['DELETE', '/auth/foo'],
  ['DELETE', '/auth/never'],
  ['POST', '/log', { service: 's', level: 'info', message: 'm' }],
  ['POST', '/log', { service: 's', level: 'loud', message: 'm' }],
  ['GET', '/project/current'],
  ['PATCH', '/project/global', { name: 'N' }],
  ['PATCH', '/project/nope', { name: 'N' }],
  ['PATCH', '/project/global', { icon: { color: 'red' } }],
  ['PATCH', '/project/global', { icon: 5 }],
  ['GET', '/project/current'],
  ['GET', '/pty'],
  ['GET', '/experimental/workspace/adapter'],
]

/** What editors and other clients ask beside prompts. */
export const editorScenarios: readonly ConformanceScenario[] = [
  {
    name: 'an editor steers the terminal interface',
    async run(client) {
      const id = await client.session()
      for (const [method, path, body] of told) await client.send(method, path, body)
      await client.send('POST', '/tui/select-session', { sessionID: id })
      await client.quiet()
    },
  },
  {
    name: 'credentials, log lines and projects',
    // The project is kept for as long as the server lives.
    config: { username: 'somebody' },
    async run(client) {
      for (const [method, path, body] of kept) await client.send(method, path, body)
    },
  },
  {
    name: 'sessions by odd words and paths',
    leavesTraces: true,
    config: { username: 'somebody else' },
    async run(client) {
      for (const title of ['Alpha one', 'gamma 100%', 'Ünï_code']) await client.session({ title })
      const queries = [
        'search=%25',
        'search=_',
        'search=%C3%BC',
        'search=ALPHA',
        'search=',
        'path=',
        'path=/',
      ]
      const path = client.directory.slice(1)
      for (const query of [...queries, `path=${path}`, 'path=tmp-none', 'start=', 'limit='])
        await client.send('GET', `/session?${query}`)
    },
  },
  {
    name: 'a page before nothing',
    answers: [always(/.*/u, reply(text('ok')))],
    async run(client) {
      const id = await client.session()
      for (const prompt of ['one', 'two']) {
        await client.prompt(id, prompt)
        await client.idle(id)
      }
      await client.send('GET', `/session/${id}/message?limit=2&before=`)
      await client.send('GET', `/session/${id}/message?before=`)
    },
  },
  {
    name: 'files with odd names and kinds',
    leavesTraces: true,
    files: {
      'a b/c#d.txt': 'one\n',
      'ünï.txt': 'ü\n',
      'x%20y.txt': 'percent\n',
      'img.svg': '<svg/>',
      'doc.pdf': '%PDF-1.4\n%fake\n',
      'fake.png': '%PDF-1.4\n',
      'data.bin': 'text\n',
      'crlf.txt': 'a\r\nb\r\n',
      'wide.txt': `${'y'.repeat(5000)}\n`,
    },
    answers: reply(
      ...[
        'doc.pdf',
        'fake.png',
        'img.svg',
        'data.bin',
        'crlf.txt',
        'a b/c#d.txt',
        'x%20y.txt',
      ].flatMap((filePath) => [tool.read({ filePath }), text('Next.')]),
      tool.call('grep', { pattern: 'y{20}' }),
      text('Done.'),
    ),
    async run(client) {
      for (const path of ['', '.', 'a%20b', 'a%20b/'])
        await client.send('GET', `/file?path=${path}`)
      for (const path of ['a%20b/c%23d.txt', '%C3%BCn%C3%AF.txt', 'x%2520y.txt', 'img.svg'])
        await client.send('GET', `/file/content?path=${path}`)
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
