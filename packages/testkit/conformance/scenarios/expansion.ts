import { reply, text } from '../../src/script/builder.js'
import { always, on } from '../../src/script/scenario.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

const dot = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const files = {
  'lines.txt': 'l1\nl2\nl3\nl4\n',
  'sub/inner.txt': 'inner\n',
  'sub/deep/x.txt': 'x\n',
  'binary.bin': 'a\u0000b',
  'dot.png': dot,
  'cut.png': dot.subarray(0, 40),
  'x.pdf': '%PDF-1.4\n',
  'x.svg': '<svg/>',
  'x.gif': 'GIF89a',
}

type Part = Readonly<Record<string, unknown>>

function file(client: Client, path: string, mime = 'text/plain'): Part {
  return { type: 'file', mime, filename: path, url: `file://${client.directory}/${path}` }
}

function prompting(name: string, parts: (client: Client) => readonly Part[]): ConformanceScenario {
  return {
    name: `a prompt with ${name}`,
    files,
    answers: always(/./u, reply(text('ok'))),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, { parts: [{ type: 'text', text: 'look' }, ...parts(client)] })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  }
}

/** A prompt of which nothing is stored. */
function refusing(name: string, parts: (client: Client) => readonly Part[]): ConformanceScenario {
  return {
    name: `a prompt with ${name}`,
    files,
    answers: always(/./u, reply(text('ok'))),
    async run(client) {
      const id = await client.session()
      const body = { parts: [{ type: 'text', text: 'look' }, ...parts(client)] }
      await client.prompt(id, body)
      await client.event('session.error')
      await client.send('POST', `/session/${id}/message`, body)
      await client.send('POST', `/session/${id}/message`, { ...body, noReply: true })
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  }
}

const subtask = { type: 'subtask', prompt: 'sub job', description: 'The job', agent: 'general' }
const subAnswers = [
  on('sub job', reply(text('sub answer'))),
  always(/./u, reply(text('first'), text('main answer'))),
]

/** Parts of prompts that the server makes more of. */
export const expansionScenarios: readonly ConformanceScenario[] = [
  prompting('a text file', (client) => [file(client, 'lines.txt')]),
  prompting('a range of a text file', (client) => [file(client, 'lines.txt?start=2&end=3')]),
  prompting('the end of a text file', (client) => [file(client, 'lines.txt?start=3')]),
  prompting('a folder', (client) => [file(client, 'sub', 'application/x-directory')]),
  prompting('a folder sent as text', (client) => [file(client, 'sub')]),
  prompting('a missing file', (client) => [file(client, 'nope.txt')]),
  prompting('a missing folder', (client) => [file(client, 'nope', 'application/x-directory')]),
  prompting('a picture', (client) => [file(client, 'dot.png', 'image/png')]),
  prompting('a picture under another type', (client) => [file(client, 'dot.png', 'image/jpeg')]),
  prompting('a binary file', (client) => [file(client, 'binary.bin', 'application/octet-stream')]),
  prompting('a document', (client) => [file(client, 'x.pdf', 'application/pdf')]),
  ...['weird', 'text/markdown', 'application/json', 'audio/wav', 'video/mp4', 'text/html'].map(
    (mime) => prompting(`a file of type ${mime}`, (client) => [file(client, 'lines.txt', mime)]),
  ),
  {
    ...prompting('', () => []),
    name: 'a prompt after one with a file that no model takes',
    async run(client) {
      const id = await client.session()
      const parts = [file(client, 'binary.bin', 'application/octet-stream')]
      await client.prompt(id, { parts })
      await client.idle(id)
      await client.prompt(id, 'next')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  prompting('a picture that is a folder', (client) => [file(client, 'sub', 'image/png')]),
  ...[
    ['none.png', 'image/png'],
    ['none.bin', 'application/octet-stream'],
    ['lines.txt', 'image/png'],
    ['cut.png', 'image/png'],
    ['x.svg', 'image/svg+xml'],
    ['x.gif', 'image/gif'],
  ].map(([path = '', mime = '']) =>
    refusing(`the picture ${path}`, (client) => [file(client, path, mime)]),
  ),
  refusing('a picture in the web', () => [
    { type: 'file', mime: 'image/png', url: 'http://127.0.0.1:1/x.png' },
  ]),
  refusing('a picture that cannot be decoded', () => [
    { type: 'file', mime: 'image/png', url: 'data:image/png;base64,bm90IGFuIGltYWdl' },
  ]),
  prompting('two files and a text', (client) => [
    file(client, 'lines.txt'),
    { type: 'text', text: 'between', synthetic: true },
    file(client, 'sub/inner.txt'),
  ]),
  prompting('an address of the web', () => [
    { type: 'file', mime: 'text/plain', url: 'http://127.0.0.1:1/x.txt' },
  ]),
  {
    ...prompting('an agent', () => [{ type: 'agent', name: 'general' }]),
    name: 'a prompt of the plan agent with an agent that it may not call',
    async run(client) {
      const id = await client.session()
      const parts = [
        { type: 'text', text: 'look' },
        { type: 'agent', name: 'general' },
        { type: 'agent', name: 'explore' },
      ]
      await client.prompt(id, { parts, agent: 'plan' })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  prompting('an agent that is none', () => [{ type: 'agent', name: 'nobody' }]),
  {
    name: 'a file sent again with the same ids',
    files,
    answers: always(/./u, reply(text('ok'))),
    async run(client) {
      const id = await client.session()
      const body = {
        messageID: 'msg_1f8e7f3a7000NNNNNNNNNNNNNN',
        parts: [{ ...file(client, 'lines.txt'), id: 'prt_1f8e7f3a7000NNNNNNNNNNNNNN' }],
      }
      await client.prompt(id, body)
      await client.idle(id)
      await client.prompt(id, body)
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a file part that is no address',
    answers: reply(text('ok')),
    async run(client) {
      const id = await client.session()
      await client.send('POST', `/session/${id}/message`, {
        parts: [{ type: 'file', mime: 'text/plain', url: 'not a url' }],
        noReply: true,
      })
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a prompt with a subtask',
    answers: subAnswers,
    async run(client) {
      const id = await client.session()
      await client.prompt(id, { parts: [subtask] })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', `/session/${id}/children`)
      await client.prompt(id, 'next')
      await client.idle(id)
    },
  },
  {
    name: 'a prompt with a text and a subtask of an unknown agent',
    answers: subAnswers,
    async run(client) {
      const id = await client.session()
      const parts = [
        { type: 'text', text: 'look' },
        { ...subtask, agent: 'nobody' },
      ]
      await client.send('POST', `/session/${id}/message`, { parts })
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
