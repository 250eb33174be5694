import { reply, text } from '../../src/script/builder.js'
import { always, on } from '../../src/script/scenario.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

const files = {
  'lines.txt': 'l1\nl2\nl3\nl4\n',
  'sub/inner.txt': 'inner\n',
  'sub/deep/x.txt': 'x\n',
  'binary.bin': 'a\u0000b',
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
  prompting('two files and a text', (client) => [
    file(client, 'lines.txt'),
    { type: 'text', text: 'between', synthetic: true },
    file(client, 'sub/inner.txt'),
  ]),
  prompting('an address of the web', () => [
    { type: 'file', mime: 'text/plain', url: 'http://127.0.0.1:1/x.txt' },
  ]),
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
