import { providerError, reply, text, usage } from '../../src/script/builder.js'
import { tool } from '../../src/script/tools.js'
import type { ConformanceScenario } from '../scenario.js'

const schema = {
  type: 'object',
  properties: { name: { type: 'string' }, n: { type: 'number' } },
  required: ['name'],
}
const format = { type: 'json_schema', schema }
const object = tool.call('StructuredOutput', { name: 'Ada', n: 1 })

function prompting(more: Record<string, unknown>): ConformanceScenario['run'] {
  return async (client) => {
    const id = await client.session()
    const parts = [{ type: 'text', text: 'go' }]
    await client.send('POST', `/session/${id}/message`, { parts, ...more })
    await client.quiet()
    await client.send('GET', `/session/${id}/message`)
    await client.send('GET', `/session/${id}/message?limit=1`)
    await client.send('GET', `/session/${id}`)
    await client.send('POST', `/session/${id}/fork`, {})
  }
}

/** Prompts that ask for an object. */
export const structuredScenarios: readonly ConformanceScenario[] = [
  { name: 'an object', answers: [reply(object)], run: prompting({ format }) },
  {
    name: 'an object after other tools',
    answers: [
      reply(
        tool.write({ filePath: 'o.txt', content: 'o\n' }),
        text('wrote'),
        object,
        usage({ input: 7, output: 3 }),
        text('never said'),
      ),
    ],
    run: prompting({ format: { ...format, retryCount: 0 } }),
  },
  {
    name: 'an object and another tool at once',
    answers: [reply(object, tool.write({ filePath: 'o.txt', content: 'o\n' }), text('never said'))],
    run: prompting({ format }),
  },
  {
    name: 'an object that does not fit its schema',
    answers: [reply(tool.call('StructuredOutput', { wrong: true }))],
    run: prompting({ format }),
  },
  {
    name: 'text where an object was wanted',
    answers: [reply(text('plain'))],
    run: prompting({ format }),
  },
  {
    name: 'a provider that refuses where an object was wanted',
    answers: [reply(providerError())],
    run: prompting({ format }),
  },
  {
    name: 'the tool for objects where none was wanted',
    answers: [reply(object, text('after'))],
    run: prompting({}),
  },
  {
    name: 'the format text',
    answers: [reply(text('plain'))],
    run: prompting({ format: { type: 'text' } }),
  },
  {
    name: 'a prompt after one for an object',
    answers: [reply(object), reply(text('next'))],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, { parts: [{ type: 'text', text: 'one' }], format })
      await client.idle(id)
      await client.prompt(id, 'two')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
