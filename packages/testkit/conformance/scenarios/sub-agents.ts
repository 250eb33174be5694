import { gate, reply, text } from '../../src/script/builder.js'
import { on } from '../../src/script/scenario.js'
import type { Reply, Step } from '../../src/script/steps.js'
import { ask, tool } from '../../src/script/tools.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

const write = tool.write({ filePath: 'w.txt', content: 'w\n' })
const asking = { permission: { edit: 'ask' } }

/** A parent whose sub-agent does something, and then says that it is done. */
function delegating(answer: Reply, ...before: readonly Step[]): Reply {
  const task = tool.task({ description: 'Sub', prompt: 'sub prompt' }, answer)
  return reply(task, ...before, text('done'))
}

function idOf(value: unknown): string {
  return String(Object(value).id)
}

function aborting(
  name: string,
  asked: string,
  answer: Reply,
  more: Partial<ConformanceScenario> = {},
): ConformanceScenario {
  return {
    name: `abort of a parent whose child ${name}`,
    isChance: true,
    // The parent goes on until the server has come to it: its model takes time, as models do.
    answers: delegating(answer, gate(name)),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event(asked)
      await client.quiet()
      await client.send('POST', `/session/${id}/abort`)
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
      const { body } = await client.send('GET', `/session/${id}/children`)
      await client.send('GET', `/session/${idOf([body].flat()[0])}/message`)
      await client.send('GET', '/permission')
      await client.send('GET', '/question')
      await client.send('GET', '/session/status')
    },
    ...more,
  }
}

async function children(client: Client, id: string): Promise<void> {
  await client.send('GET', `/session/${id}/message`)
  const { body } = await client.send('GET', `/session/${id}/children`)
  for (const child of [body].flat()) await client.send('GET', `/session/${idOf(child)}/message`)
}

const general = { description: 'Sub', prompt: 'sub prompt', subagent_type: 'general' }

/** What becomes of a parent when its sub-agent is asked, refused, stopped, or called in other ways. */
export const subAgentScenarios: readonly ConformanceScenario[] = [
  aborting('waits for a permission', 'permission.asked', reply(write, text('never')), {
    config: asking,
  }),
  aborting(
    'waits for an answer',
    'question.asked',
    reply(ask.question({ question: 'Q?', options: ['A'] }), text('never')),
    { config: { agent: { general: { permission: { question: 'allow' } } } } },
  ),
  aborting('runs a command', 'message.part.delta', reply(text('a '), gate('cmd'), text('never'))),
  {
    name: 'delete of a parent while its child runs',
    isChance: true,
    answers: delegating(reply(text('a '), gate('deleted-child'), text('never')), gate('deleted')),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('message.part.delta')
      await client.quiet()
      const { body } = await client.send('GET', `/session/${id}/children`)
      await client.send('DELETE', `/session/${id}`)
      await client.quiet()
      await client.send('GET', `/session/${idOf([body].flat()[0])}`)
      await client.quiet()
      await client.send('GET', '/session/status')
    },
  },
  {
    name: 'abort of a child',
    isChance: true,
    answers: delegating(reply(text('a '), gate('child'), text('never'))),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('message.part.delta')
      await client.quiet()
      const { body } = await client.send('GET', `/session/${id}/children`)
      await client.send('POST', `/session/${idOf([body].flat()[0])}/abort`)
      await client.idle(id)
      await children(client, id)
    },
  },
  {
    name: 'a sub-agent that is refused',
    config: asking,
    answers: delegating(reply(write, text('never'))),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      const asked = await client.event('permission.asked')
      await client.quiet()
      await client.send('POST', `/permission/${idOf(asked.properties)}/reply`, { reply: 'reject' })
      await client.idle(id)
      await children(client, id)
    },
  },
  {
    name: 'a sub-agent that is told why it is refused',
    config: asking,
    answers: delegating(reply(write, text('never'))),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      const asked = await client.event('permission.asked')
      await client.quiet()
      const body = { reply: 'reject', message: 'Not there' }
      await client.send('POST', `/permission/${idOf(asked.properties)}/reply`, body)
      await client.idle(id)
      await children(client, id)
    },
  },
  {
    name: 'a sub-agent whose last tool fails',
    answers: delegating(reply(tool.read({ filePath: 'none.txt' }))),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await children(client, id)
    },
  },
  {
    name: 'a task that is taken up again',
    answers: [
      on('first part', reply(text('first result'))),
      on('second part', reply(text('second result'))),
      on('begin', reply(tool.call('task', { ...general, prompt: 'first part' }), text('begun'))),
      on('again', ({ text: words }) =>
        reply(
          tool.call('task', { ...general, prompt: 'second part', task_id: words.split(' ')[1] }),
          text('done'),
        ),
      ),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'begin')
      await client.idle(id)
      const { body } = await client.send('GET', `/session/${id}/children`)
      await client.prompt(id, `again ${idOf([body].flat()[0])}`)
      await client.idle(id)
      await children(client, id)
      await client.prompt(id, `again ses_1f8e7f3a7000KKKKKKKKKKKKKK`)
      await client.idle(id)
      await children(client, id)
    },
  },
  ...[1, 2].map((depth): ConformanceScenario => ({
    name: `sub-agents of sub-agents, with a depth of ${depth}`,
    config: {
      agent: { general: { permission: { task: 'allow' } } },
      ...(depth === 1 ? {} : { subagent_depth: depth }),
    },
    answers: delegating(
      reply(
        tool.task(
          { description: 'Inner', prompt: 'inner prompt' },
          reply(
            tool.task({ description: 'Last', prompt: 'last prompt' }, reply(text('deep'))),
            text('inner done'),
          ),
        ),
        text('sub done'),
      ),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await children(client, id)
    },
  })),
  {
    name: 'a task in the background, where there is none',
    answers: reply(tool.call('task', { ...general, background: true }), text('done')),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await children(client, id)
      await client.send('GET', '/experimental/capabilities')
      await client.send('POST', `/experimental/session/${id}/background`)
      const unknown = 'ses_1f8e7f3a7000KKKKKKKKKKKKKK'
      await client.send('POST', `/experimental/session/${unknown}/background`)
    },
  },
  {
    name: 'plan_exit, where there is none',
    answers: [
      reply(tool.call('plan_exit', {}), text('one')),
      reply(tool.call('plan_exit', {}), text('two')),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.prompt(id, { agent: 'plan', parts: [{ type: 'text', text: 'plan' }] })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
