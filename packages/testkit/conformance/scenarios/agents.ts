import { gate, reply, text } from '../../src/script/builder.js'
import { ask, tool } from '../../src/script/tools.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

const play =
  (body: Record<string, unknown> = {}) =>
  async (client: Client): Promise<void> => {
    const id = await client.session()
    await client.prompt(id, { parts: [{ type: 'text', text: 'go' }], ...body })
    await client.idle(id)
    await client.send('GET', `/session/${id}/message`)
    await client.send('GET', `/session/${id}/children`)
  }

const everyTool = reply(
  tool.write({ filePath: 'w.txt', content: 'w\n' }),
  text('a'),
  tool.bash({ command: 'echo hi' }, { output: 'hi\n' }),
  text('b'),
  tool.read({ filePath: 'seed.txt' }),
  text('c'),
  tool.todowrite({ todos: [{ content: 'x', status: 'pending' }] }),
  text('d'),
)

const custom = {
  agent: {
    reviewer: {
      description: 'Reviews',
      mode: 'subagent',
      permission: { edit: 'deny', bash: 'deny' },
    },
    writer: { description: 'Writes', mode: 'primary', permission: { bash: { '*': 'deny' } } },
    explore: { disable: true },
  },
}

/** What each agent may do, and when that is found out. */
export const agentScenarios: readonly ConformanceScenario[] = [
  {
    name: 'a sub-agent has no questions, no list and no sub-agents',
    answers: reply(
      tool.task(
        { description: 'Try', prompt: 'sub tries' },
        reply(
          ask.question({ question: 'Q?', options: ['A'] }),
          text('x'),
          tool.todowrite({ todos: [{ content: 'a', status: 'pending' }] }),
          text('y'),
          tool.task({ description: 'Inner', prompt: 'inner' }, reply(text('never'))),
          text('z'),
        ),
      ),
      text('done'),
    ),
    run: play(),
  },
  {
    name: 'explore may not write',
    answers: reply(
      tool.task(
        { description: 'Try', prompt: 'sub explores', subagent_type: 'explore' },
        reply(
          tool.write({ filePath: 'e.txt', content: 'e\n' }),
          text('x'),
          tool.bash({ command: 'echo e' }, { output: 'e\n' }),
          text('y'),
        ),
      ),
      text('done'),
    ),
    run: play(),
  },
  { name: 'explore as the agent of a prompt', answers: everyTool, run: play({ agent: 'explore' }) },
  { name: 'general as the agent of a prompt', answers: everyTool, run: play({ agent: 'general' }) },
  { name: 'plan with every kind of tool', answers: everyTool, run: play({ agent: 'plan' }) },
  {
    name: 'agents of the configuration',
    config: custom,
    answers: everyTool,
    async run(client) {
      await client.send('GET', '/agent')
      await play({ agent: 'writer' })(client)
      await play({ agent: 'nobody' })(client).catch(() => {})
    },
  },
  {
    name: 'a sub-agent of the configuration',
    config: custom,
    answers: reply(
      tool.task(
        { description: 'Review', prompt: 'sub reviews', subagent_type: 'reviewer' },
        everyTool,
      ),
      text('done'),
      tool.task(
        { description: 'Explore', prompt: 'x', subagent_type: 'explore' },
        reply(text('no')),
      ),
      text('end'),
    ),
    run: play(),
  },
  {
    name: 'rules patched in the middle of a turn',
    answers: [
      reply(
        text('go '),
        gate('patched'),
        tool.write({ filePath: 'p.txt', content: 'p\n' }),
        tool.bash({ command: 'echo hi' }, { output: 'hi\n' }),
        text('done'),
      ),
      reply(tool.bash({ command: 'echo again' }, { output: 'again\n' }), text('end')),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'first')
      await client.event('message.part.delta')
      await client.quiet()
      await client.send('PATCH', `/session/${id}`, {
        permission: [
          { permission: 'edit', pattern: '*', action: 'ask' },
          { permission: 'bash', pattern: '*', action: 'deny' },
        ],
      })
      client.gate('patched').open()
      await client.idle(id)
      await client.prompt(id, 'second')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
