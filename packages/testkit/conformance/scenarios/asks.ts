import { reply, text } from '../../src/script/builder.js'
import { on } from '../../src/script/scenario.js'
import { tool } from '../../src/script/tools.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

const edits = { title: 'test', permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] }
const writing = reply(
  text('I will write.'),
  tool.write({ filePath: 'out.txt', content: 'hello\n' }),
  text('Wrote it.'),
)

async function asked(
  client: Client,
  input: Record<string, unknown> = edits,
): Promise<{ id: string; request: string }> {
  const id = await client.session(input)
  await client.prompt(id, 'go')
  const event = await client.event('permission.asked')
  await client.quiet()
  return { id, request: String(event.properties['id']) }
}

const answering = (
  name: string,
  body: Record<string, unknown>,
  input: Record<string, unknown> = edits,
): ConformanceScenario => ({
  name,
  answers: writing,
  async run(client) {
    const { id, request } = await asked(client, input)
    await client.send('GET', '/permission')
    await client.send('GET', '/session/status')
    await client.send('POST', `/permission/${request}/reply`, body)
    await client.idle(id)
    await client.send('GET', '/permission')
    await client.send('GET', `/session/${id}/message`)
  },
})

/** Permission requests. */
export const askScenarios: readonly ConformanceScenario[] = [
  answering('permission once', { reply: 'once' }),
  answering('permission rejected', { reply: 'reject' }),
  answering('permission rejected with a message', {
    reply: 'reject',
    message: 'Please use another name',
  }),
  {
    name: 'permission always, then another session',
    leavesTraces: true,
    answers: [writing, writing, writing],
    async run(client) {
      const { id, request } = await asked(client)
      await client.send('POST', `/permission/${request}/reply`, { reply: 'always' })
      await client.idle(id)
      const second = await client.session(edits)
      await client.prompt(second, 'go')
      await client.idle(second)
      const third = await client.session({
        title: 'deny',
        permission: [{ permission: 'edit', pattern: 'out.txt', action: 'deny' }],
      })
      await client.prompt(third, 'go')
      await client.idle(third)
      await client.send('GET', `/session/${third}/message`)
    },
  },
  {
    name: 'permission by the older endpoint',
    answers: writing,
    async run(client) {
      const { id, request } = await asked(client)
      await client.send('POST', `/session/${id}/permissions/${request}`, { response: 'once' })
      await client.idle(id)
    },
  },
  {
    name: 'bad answers to a permission',
    answers: writing,
    async run(client) {
      const { id, request } = await asked(client)
      await client.send('POST', `/permission/${request}/reply`, { reply: 'maybe' })
      await client.send('POST', `/permission/${request}/reply`, {})
      await client.send('POST', '/permission/per_00000000000000000000000000/reply', {
        reply: 'once',
      })
      await client.send('POST', '/permission/nope/reply', { reply: 'once' })
      await client.send('POST', `/permission/${request}/reply?directory=/tmp`, { reply: 'once' })
      await client.send('POST', `/permission/${request}/reply`, { reply: 'once' })
      await client.send('POST', `/permission/${request}/reply`, { reply: 'once' })
      await client.idle(id)
    },
  },
  {
    name: 'edit denied by a rule',
    answers: writing,
    async run(client) {
      const id = await client.session({
        title: 'test',
        permission: [
          { permission: 'edit', pattern: '*.txt', action: 'deny' },
          { permission: 'edit', pattern: '*.md', action: 'allow' },
        ],
      })
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'edit denied altogether',
    answers: writing,
    async run(client) {
      const id = await client.session({
        title: 'test',
        permission: [{ permission: 'edit', pattern: '*', action: 'deny' }],
      })
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'the plan agent writes',
    answers: writing,
    async run(client) {
      const id = await client.session()
      await client.prompt(id, { parts: [{ type: 'text', text: 'go' }], agent: 'plan' })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'bash asks',
    answers: reply(tool.bash({ command: 'echo asked' }, { output: 'asked\n' }), text('ran')),
    async run(client) {
      const { id, request } = await asked(client, {
        title: 'test',
        permission: [{ permission: 'bash', pattern: '*', action: 'ask' }],
      })
      await client.send('GET', '/permission')
      await client.send('POST', `/permission/${request}/reply`, { reply: 'once' })
      await client.idle(id)
    },
  },
  {
    name: 'read asks',
    answers: reply(tool.read({ filePath: 'seed.txt' }), text('read')),
    async run(client) {
      const { id, request } = await asked(client, {
        title: 'test',
        permission: [{ permission: 'read', pattern: '*', action: 'ask' }],
      })
      await client.send('GET', '/permission')
      await client.send('POST', `/permission/${request}/reply`, { reply: 'once' })
      await client.idle(id)
    },
  },
  {
    name: 'three asks at once, one rejected',
    answers: reply(
      text('Three.'),
      tool.write({ filePath: 'p1.txt', content: '1\n' }),
      tool.write({ filePath: 'p2.txt', content: '2\n' }),
      tool.read({ filePath: 'seed.txt' }),
      text('never'),
    ),
    async run(client) {
      const id = await client.session({
        title: 'test',
        permission: [
          { permission: 'edit', pattern: '*', action: 'ask' },
          { permission: 'read', pattern: '*', action: 'ask' },
        ],
      })
      await client.prompt(id, 'go')
      const first = await client.event(
        (event) =>
          event.type === 'permission.asked' && JSON.stringify(event.properties).includes('p1.txt'),
      )
      await client.quiet()
      await client.send('POST', `/permission/${String(first.properties['id'])}/reply`, {
        reply: 'reject',
      })
      await client.idle(id)
      await client.send('GET', '/permission')
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'configuration asks, also in a sub-agent',
    config: { permission: { edit: 'ask' } },
    answers: reply(
      tool.task(
        { description: 'Write it', prompt: 'sub write' },
        reply(tool.write({ filePath: 'sub.txt', content: 's\n' }), text('written')),
      ),
      text('done'),
    ),
    async run(client) {
      const { id, request } = await asked(client, { title: 'test' })
      await client.send('POST', `/permission/${request}/reply`, { reply: 'once' })
      await client.idle(id)
    },
  },
  {
    name: 'ask rules of a session do not reach its sub-agent',
    answers: reply(
      tool.task(
        { description: 'Write it', prompt: 'sub write' },
        reply(tool.write({ filePath: 'sub.txt', content: 's\n' }), text('written')),
      ),
      text('done'),
    ),
    async run(client) {
      const id = await client.session(edits)
      await client.prompt(id, 'go')
      await client.idle(id)
      const children = await client.send('GET', `/session/${id}/children`)
      void children
    },
  },
  {
    name: 'bad answers to a question',
    answers: reply(
      tool.call('question', {
        questions: [{ question: 'Q?', header: 'Q', options: [{ label: 'A', description: 'a' }] }],
      }),
      text('done'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      const asked = await client.event('question.asked')
      await client.quiet()
      const request = String(asked.properties['id'])
      await client.send('POST', `/question/${request}/reply`, {})
      await client.send('POST', `/question/${request}/reply`, { answers: 'A' })
      await client.send('POST', '/question/que_00000000000000000000000000/reply', {
        answers: [['A']],
      })
      await client.send('POST', '/question/que_00000000000000000000000000/reject')
      await client.send('POST', '/question/nope/reply', { answers: [['A']] })
      await client.send('POST', `/question/${request}/reply`, { answers: [] })
      await client.send('POST', `/question/${request}/reply`, { answers: [['A']] })
      await client.idle(id)
    },
  },
  {
    name: 'tools of a prompt replace the rules of the session',
    answers: [on('one', reply(text('ok'))), on('two', reply(text('ok')))],
    async run(client) {
      const id = await client.session(edits)
      await client.prompt(id, {
        parts: [{ type: 'text', text: 'one' }],
        tools: { bash: false, read: true },
      })
      await client.idle(id)
      await client.send('GET', `/session/${id}`)
      await client.send('PATCH', `/session/${id}`, {
        permission: [{ permission: 'read', pattern: '*', action: 'deny' }],
      })
      await client.send('GET', `/session/${id}`)
    },
  },
]
