import { gate, providerError, reply, text } from '../../src/script/builder.js'
import { always, on, type ScenarioLike } from '../../src/script/scenario.js'
import type { Reply } from '../../src/script/steps.js'
import { ask, tool } from '../../src/script/tools.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

const task = {
  description: 'Sub',
  prompt: 'sub prompt',
  subagent_type: 'general',
  background: true,
}

function launching(child: Reply, ...more: readonly ReturnType<typeof on>[]): ScenarioLike {
  return [
    on('sub prompt', child),
    on(/^go/u, reply(tool.call('task', task), text('launched'))),
    ...more,
    always(/./u, reply(text('noted'))),
  ]
}

function idOf(value: unknown): string {
  return String(Object(value).id)
}

async function childOf(client: Client, id: string): Promise<string> {
  const { body } = await client.send('GET', `/session/${id}/children`)
  return idOf([body].flat()[0])
}

async function show(client: Client, id: string): Promise<void> {
  await client.send('GET', `/session/${id}/message`)
  await client.send('GET', `/session/${await childOf(client, id)}/message`)
}

function playing(
  name: string,
  answers: ScenarioLike,
  run: (client: Client, id: string) => Promise<void>,
): ConformanceScenario {
  return {
    name: `a task in the background ${name}`,
    experimental: { backgroundSubagents: true },
    answers,
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await run(client, id)
      await show(client, id)
    },
  }
}

/** Sub-agents whose parents do not wait for them. */
export const backgroundScenarios: readonly ConformanceScenario[] = [
  playing(
    'that ends after its parent',
    launching(reply(text('sub '), gate('after'), text('result'))),
    async (client, id) => {
      await client.idle(id)
      await client.send('GET', '/experimental/capabilities')
      await client.send('GET', '/session/status')
      client.gate('after').open()
      await client.idle(id)
    },
  ),
  playing(
    'that fails',
    launching(reply(gate('fails'), providerError({ status: 400, message: 'no' }))),
    async (client, id) => {
      await client.idle(id)
      client.gate('fails').open()
      await client.idle(id)
    },
  ),
  playing(
    'that is stopped with its parent',
    launching(reply(text('sub '), gate('stopped'), text('result'))),
    async (client, id) => {
      await client.idle(id)
      await client.send('POST', `/session/${id}/abort`)
      await client.quiet()
      await client.send('GET', '/session/status')
    },
  ),
  playing(
    'that is stopped itself',
    launching(reply(text('sub '), gate('itself'), text('result'))),
    async (client, id) => {
      await client.idle(id)
      await client.send('POST', `/session/${await childOf(client, id)}/abort`)
      await client.quiet()
    },
  ),
  playing(
    'whose parent is deleted',
    launching(reply(text('sub '), gate('deleted-parent'), text('result'))),
    async (client, id) => {
      await client.idle(id)
      const child = await childOf(client, id)
      const other = await client.session()
      await client.send('DELETE', `/session/${id}`)
      client.gate('deleted-parent').open()
      await client.quiet()
      await client.send('GET', `/session/${child}`)
      await client.send('GET', `/session/${other}`)
    },
  ),
  playing(
    'that is told more',
    [
      on('sub prompt', reply(text('sub '), gate('more'), text('result'))),
      on('and this', reply(text('second result'))),
      on(/^go/u, reply(tool.call('task', task), text('launched'))),
      on(/^again/u, ({ text: words }) =>
        reply(
          tool.call('task', { ...task, prompt: 'and this', task_id: words.split(' ')[1] }),
          text('told'),
        ),
      ),
      always(/./u, reply(text('noted'))),
    ],
    async (client, id) => {
      await client.idle(id)
      await client.prompt(id, `again ${await childOf(client, id)}`)
      await client.idle(id)
      client.gate('more').open()
      await client.idle(id)
    },
  ),
  {
    name: 'a task that is put into the background',
    experimental: { backgroundSubagents: true },
    answers: [
      on('sub prompt', reply(text('sub '), gate('promoted'), text('result'))),
      on(/^go/u, reply(tool.call('task', { ...task, background: false }), text('launched'))),
      always(/./u, reply(text('noted'))),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('message.part.delta')
      await client.quiet()
      await client.send('POST', `/experimental/session/${id}/background`)
      await client.idle(id)
      await client.send('POST', `/experimental/session/${id}/background`)
      client.gate('promoted').open()
      await client.idle(id)
      await show(client, id)
    },
  },
  {
    name: 'plan_exit, and a person agrees',
    experimental: { planMode: true },
    answers: [reply(tool.call('plan_exit', {}), text('one')), reply(text('two'))],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, { agent: 'plan', parts: [{ type: 'text', text: 'plan' }] })
      const asked = await client.event('question.asked')
      await client.quiet()
      await client.send('GET', '/question')
      await client.send('POST', `/question/${idOf(asked.properties)}/reply`, {
        answers: [['Yes']],
      })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'plan_exit, and a person wants to go on planning',
    experimental: { planMode: true },
    answers: [reply(tool.call('plan_exit', {}), text('one')), reply(text('two'))],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, { agent: 'plan', parts: [{ type: 'text', text: 'plan' }] })
      const asked = await client.event('question.asked')
      await client.quiet()
      await client.send('POST', `/question/${idOf(asked.properties)}/reply`, {
        answers: [['No']],
      })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'plan_exit of another agent',
    experimental: { planMode: true },
    answers: reply(
      tool.call('plan_exit', {}),
      text('one'),
      ask.question({ question: 'Q?', options: ['A'] }),
      text('two'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      const asked = await client.event('question.asked')
      await client.quiet()
      await client.send('POST', `/question/${idOf(asked.properties)}/reject`)
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
