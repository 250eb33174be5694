import { finish, gate, providerError, reply, retry, text, usage } from '../../src/script/builder.js'
import { tool } from '../../src/script/tools.js'
import type { ConformanceScenario } from '../scenario.js'

/** How runs end that do not come to a good one. */
export const endingScenarios: readonly ConformanceScenario[] = [
  {
    name: 'a stream without a reason at its end',
    answers: [
      reply(text('half'), usage({ input: 300, output: 30 }), finish('none')),
      reply(text('whole')),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.prompt(id, 'on')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', `/session/${id}`)
    },
  },
  {
    name: 'a provider that breaks off in the middle of its answer',
    answers: [
      reply(text('half'), providerError({ status: 400, message: 'no' })),
      reply(text('whole')),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.prompt(id, 'on')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a provider that breaks off, and goes on when it is asked again',
    answers: reply(
      text('half'),
      retry({ status: 500, message: 'no', retryAfterMs: 1 }),
      text('whole'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a provider that takes its time to refuse',
    answers: [
      reply(gate('refusal'), providerError({ status: 400, message: 'no' })),
      reply(text('whole')),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.quiet()
      client.gate('refusal').open()
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'abort while a sub-agent speaks',
    isChance: true,
    answers: reply(
      tool.task(
        { description: 'A part', prompt: 'Help' },
        reply(text('Speaking '), gate('speaking'), text('on.')),
      ),
      text('done'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.gate('speaking').reached()
      await client.quiet()
      await client.send('POST', `/session/${id}/abort`)
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
