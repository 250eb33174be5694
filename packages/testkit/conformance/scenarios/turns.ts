import {
  badFrame,
  drop,
  finish,
  gate,
  providerError,
  reasoning,
  reply,
  retry,
  text,
  usage,
} from '../../src/script/builder.js'
import { on } from '../../src/script/scenario.js'
import { tool } from '../../src/script/tools.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

const answered = async (
  client: Client,
  prompt: string | Record<string, unknown> = 'go',
): Promise<string> => {
  const id = await client.session()
  await client.prompt(id, prompt)
  await client.idle(id)
  await client.send('GET', `/session/${id}/message`)
  await client.send('GET', '/session/status')
  return id
}

const fox = text('The quick brown fox jumps over the lazy dog.')

/** What a turn says. */
export const turnScenarios: readonly ConformanceScenario[] = [
  {
    name: 'text by prompt_async',
    answers: reply(fox),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'text by a synchronous prompt',
    answers: reply(fox),
    async run(client) {
      const id = await client.session()
      await client.send('POST', `/session/${id}/message`, { parts: [{ type: 'text', text: 'go' }] })
      await client.idle(id)
      await client.send('GET', `/session/${id}`)
    },
  },
  {
    name: 'a generated title',
    answers: reply(fox),
    async run(client) {
      const id = await client.session({})
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}`)
    },
  },
  {
    name: 'reasoning before text',
    answers: reply(reasoning('Let me think.'), fox),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'text and reasoning interleaved',
    answers: reply(
      text('before '),
      reasoning('hm '),
      text('after '),
      reasoning('hm2 '),
      text('end'),
    ),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'an empty answer',
    answers: reply(),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'unicode in deltas',
    answers: reply(text('日本語 👩‍👩‍👧 é \u2028 \u2029 \uFEFF عربى', { chunks: 9 })),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'usage with cache and reasoning',
    answers: reply(usage({ input: 1000, output: 200, cached: 400, reasoning: 50 }), text('costly')),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'finish length',
    answers: reply(text('cut off'), finish('length')),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'finish content_filter',
    answers: reply(text('no'), finish('content_filter')),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'two turns in one session',
    answers: [reply(text('one')), reply(text('two'))],
    async run(client) {
      const id = await answered(client, 'first')
      await client.prompt(id, 'second')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'another model and system',
    answers: reply(text('ok')),
    run: async (client) =>
      void (await answered(client, {
        parts: [{ type: 'text', text: 'go' }],
        model: { providerID: 'scripted', modelID: 'small' },
        system: 'Be brief.',
      })),
  },
  {
    name: 'agent plan',
    answers: reply(text('ok')),
    run: async (client) =>
      void (await answered(client, { parts: [{ type: 'text', text: 'go' }], agent: 'plan' })),
  },
  {
    name: 'provider answers 401',
    answers: reply(providerError({ status: 401, message: 'Incorrect API key provided' })),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'provider answers 400',
    answers: reply(providerError({ status: 400, message: 'Bad request' })),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'provider answers 429 once',
    answers: reply(retry({ status: 429, retryAfterMs: 100 }), fox),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'provider answers 500 twice',
    answers: reply(
      retry({ status: 500, message: 'The server had an error', retryAfterMs: 50, times: 2 }),
      fox,
    ),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'retries used up',
    answers: reply(
      retry({ status: 500, message: 'The server had an error', retryAfterMs: 50, times: 9 }),
    ),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'the model connection drops',
    answers: reply(text('gone forever'), drop(), fox),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'a frame of the model that is not JSON',
    answers: reply(text('kept'), badFrame()),
    run: async (client) => void (await answered(client)),
  },
  {
    name: 'an unknown agent',
    async run(client) {
      const id = await client.session()
      await client.prompt(id, { parts: [{ type: 'text', text: 'go' }], agent: 'nobody' })
      await client.event('session.error')
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', '/session/status')
      await client.send('POST', `/session/${id}/message`, {
        parts: [{ type: 'text', text: 'go' }],
        agent: 'nobody',
      })
    },
  },
  {
    name: 'an unknown model',
    async run(client) {
      const id = await client.session()
      await client.prompt(id, {
        parts: [{ type: 'text', text: 'go' }],
        model: { providerID: 'scripted', modelID: 'nope' },
      })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'an unknown provider',
    async run(client) {
      const id = await client.session()
      await client.prompt(id, {
        parts: [{ type: 'text', text: 'go' }],
        model: { providerID: 'nobody', modelID: 'nope' },
      })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'the poll while text streams',
    answers: reply(text('half '), gate('middle'), text('whole')),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('message.part.delta')
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', '/session/status')
      client.gate('middle').open()
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a prompt without reply',
    answers: [reply(text('both'))],
    async run(client) {
      const id = await client.session()
      await client.send('POST', `/session/${id}/message`, {
        parts: [{ type: 'text', text: 'remember 7' }],
        noReply: true,
      })
      await client.send('POST', `/session/${id}/prompt_async`, {
        parts: [{ type: 'text', text: 'and 8' }],
        noReply: true,
      })
      await client.quiet()
      await client.send('GET', '/session/status')
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'the same prompt again',
    answers: [reply(text('first'))],
    async run(client) {
      const id = await client.session()
      const prompt = {
        messageID: 'msg_1f8e7f3a7000AAAAAAAAAAAAAA',
        parts: [{ id: 'prt_1f8e7f3a7000AAAAAAAAAAAAAA', type: 'text', text: 'go' }],
      }
      await client.prompt(id, prompt)
      await client.idle(id)
      await client.prompt(id, prompt)
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'the same message id without part ids',
    answers: [reply(text('first'))],
    async run(client) {
      const id = await client.session()
      const prompt = {
        messageID: 'msg_1f8e7f3a7000BBBBBBBBBBBBBB',
        parts: [{ type: 'text', text: 'go' }],
      }
      await client.prompt(id, prompt)
      await client.idle(id)
      await client.prompt(id, prompt)
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'the same message id in another session',
    answers: [reply(text('first'))],
    async run(client) {
      const id = await client.session()
      const other = await client.session({ title: 'other' })
      const prompt = {
        messageID: 'msg_1f8e7f3a7000CCCCCCCCCCCCCC',
        parts: [{ type: 'text', text: 'go' }],
      }
      await client.prompt(id, prompt)
      await client.idle(id)
      await client.send('POST', `/session/${other}/message`, prompt)
      await client.quiet()
      await client.send('GET', `/session/${other}/message`)
    },
  },
  {
    name: 'prompts while busy',
    answers: [
      on('first', reply(text('one '), gate('busy'), text('two'))),
      on('third', reply(text('both'))),
      on('second', reply(text('unused'))),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'first')
      await client.event('message.part.delta')
      await client.prompt(id, 'second')
      await client.prompt(id, 'third')
      await client.quiet()
      await client.send('GET', '/session/status')
      client.gate('busy').open()
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a prompt while a tool loop runs',
    answers: [
      on(
        'first',
        reply(text('one '), gate('loop'), tool.read({ filePath: 'seed.txt' }), text('never said')),
      ),
      on('second', reply(text('joined'))),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'first')
      await client.event('message.part.delta')
      await client.prompt(id, 'second')
      await client.quiet()
      client.gate('loop').open()
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
