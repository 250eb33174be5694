import { providerError, reply, text } from '../../../src/script/builder.js'
import { always } from '../../../src/script/scenario.js'
import { ask, tool } from '../../../src/script/tools.js'
import type { ConformanceScenario } from '../../scenario.js'

const task = (
  name: string,
  agent: string,
): { description: string; prompt: string; subagent_type: string } => ({
  description: name,
  prompt: `work on ${name}`,
  subagent_type: agent,
})

/** Sub-agents, forks and settings that decide what they may do. */
export const childScenarios: readonly ConformanceScenario[] = [
  {
    name: 'models of children',
    config: {
      agent: { own: { mode: 'subagent', description: 'o', model: 'scripted/small' } },
    },
    answers: reply(
      tool.task(task('A', 'general'), reply(text('one'))),
      text('x'),
      tool.task(task('B', 'own'), reply(text('two'))),
      text('done'),
    ),
    async run(client) {
      const id = await client.session()
      const model = { providerID: 'scripted', modelID: 'think' }
      await client.prompt(id, { model, parts: [{ type: 'text', text: 'go' }] })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
      const { body } = await client.send('GET', `/session/${id}/children`)
      for (const child of body as { id: string }[])
        await client.send('GET', `/session/${child.id}/message`)
    },
  },
  {
    name: 'a task that fails and one of nobody, beside a command',
    answers: reply(
      tool.task(task('B', 'general'), reply(providerError({ status: 400, message: 'bad' }))),
      tool.task(task('C', 'nobody')),
      tool.bash({ command: 'echo hi' }, { output: 'hi\n' }),
      text('done'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'abort of a session whose child a client has prompted',
    answers: always(/.*/u, reply(ask.question({ question: 'Q?', options: ['a'] }), text('ok'))),
    async run(client) {
      const parent = await client.session()
      const id = await client.session({ parentID: parent })
      await client.prompt(id, 'go')
      const { properties } = await client.event('question.asked')
      await client.quiet()
      await client.send('POST', `/session/${parent}/abort`)
      await client.quiet()
      await client.send('GET', '/session/status')
      await client.send('POST', `/question/${String(properties['id'])}/reject`)
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'tools switched off by a configuration',
    config: {
      tools: { todowrite: false, write: false },
      agent: { x: { mode: 'primary', description: 'x', tools: { bash: false, write: true } } },
    },
    answers: always(
      /.*/u,
      reply(
        tool.write({ filePath: 'a.txt', content: 'a' }),
        tool.bash({ command: 'echo a' }, { output: 'a\n' }),
        tool.todowrite({ todos: [] }),
        text('end'),
      ),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.prompt(id, { agent: 'x', parts: [{ type: 'text', text: 'go' }] })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'searches ask, and spoil the list of permissions',
    config: { permission: { glob: 'ask', grep: 'ask' } },
    leavesTraces: true,
    files: { 'd/a.txt': 'alpha\n' },
    answers: reply(
      tool.call('glob', { pattern: '*.nope' }),
      text('1'),
      tool.call('glob', { pattern: '*.nope', path: 'd' }),
      text('2'),
      tool.call('grep', { pattern: 'omega' }),
      text('3'),
      tool.call('grep', { pattern: 'alpha', path: 'd/a.txt', include: 'a*' }),
      text('end'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      for (let asked = 0; asked < 4; asked += 1) {
        const { properties } = await client.event('permission.asked')
        await client.quiet()
        await client.send('GET', '/permission')
        const path = `/permission/${String(properties['id'])}/reply`
        await client.send('POST', path, { reply: 'once' })
      }
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'instructions in a folder that is read',
    files: {
      'lib/AGENTS.md': '# Rules of lib\n',
      'lib/deep/x.txt': 'x\n',
      'AGENTS.md': '# Root\n',
    },
    answers: reply(
      tool.read({ filePath: 'lib/deep/x.txt' }),
      text('1'),
      tool.read({ filePath: 'lib/deep/x.txt' }),
      text('2'),
      tool.read({ filePath: 'lib/AGENTS.md' }),
      text('end'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'forks of forks, and a part patched elsewhere',
    answers: always(/.*/u, reply(text('ok'))),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      const { body } = await client.send('GET', `/session/${id}/message`)
      const last = (body as { info: { id: string }; parts: { id: string; type: string }[] }[])[1]
      const said = last?.parts.find((part) => part.type === 'text')
      await client.send('PATCH', `/session/${id}/message/msg_nope/part/${said?.id}`, {
        ...said,
        messageID: 'msg_nope',
        text: 'elsewhere',
      })
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
      const fork = await client.send('POST', `/session/${id}/fork`, {})
      const { id: copy } = fork.body as { id: string }
      await client.send('POST', `/session/${copy}/fork`, {})
      await client.quiet()
    },
  },
  {
    name: 'the last step of an agent',
    config: { agent: { two: { mode: 'primary', description: 't', steps: 2 } } },
    answers: reply(
      tool.bash({ command: 'echo 1' }, { output: '1\n' }),
      text('a'),
      tool.bash({ command: 'echo 2' }, { output: '2\n' }),
      text('b'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, { agent: 'two', parts: [{ type: 'text', text: 'go' }] })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
