import { gate, providerError, reply, text, usage } from '../../src/script/builder.js'
import { always, on } from '../../src/script/scenario.js'
import { tool } from '../../src/script/tools.js'
import type { SeenEvent } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

const tooLong = providerError({
  status: 400,
  message: 'too long',
  code: 'context_length_exceeded',
})
const dot = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const small = { providerID: 'scripted', modelID: 'small' }
const standard = { providerID: 'scripted', modelID: 'standard' }

function isCompaction({ properties, type }: SeenEvent): boolean {
  return type === 'message.part.updated' && Object(properties['part']).type === 'compaction'
}

/** Sessions that are summed up, because they are full or because somebody asks for it. */
export const compactionScenarios: readonly ConformanceScenario[] = [
  {
    name: 'compaction by usage',
    answers: [
      on(
        'go',
        reply(
          text('Reading. '),
          usage({ input: 19_500, output: 300 }),
          tool.read({ filePath: 'seed.txt' }),
          text('after the compaction'),
        ),
      ),
      always(/./u, reply(text('continued'))),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, {
        parts: [{ type: 'text', text: 'go' }],
        model: { providerID: 'scripted', modelID: 'small' },
      })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'compaction by usage, after the last step',
    answers: [
      on('go', reply(text('Long.'), usage({ input: 19_500, output: 300 }))),
      always(/./u, reply(text('continued'))),
    ],
    async run(client) {
      const id = await client.session()
      const model = { providerID: 'scripted', modelID: 'small' }
      await client.prompt(id, { parts: [{ type: 'text', text: 'go' }], model })
      await client.idle(id)
      await client.prompt(id, { parts: [{ type: 'text', text: 'next' }], model })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'compaction by overflow',
    answers: [
      on(
        'go',
        reply(
          providerError({ status: 400, message: 'too long', code: 'context_length_exceeded' }),
          text('never'),
        ),
      ),
      always(/./u, reply(text('continued'))),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'summarize with auto',
    answers: [on('first', reply(text('one'))), always(/./u, reply(text('continued')))],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'first')
      await client.idle(id)
      await client.send('POST', `/session/${id}/summarize`, {
        providerID: 'scripted',
        modelID: 'standard',
        auto: true,
      })
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'compaction by overflow, with a history',
    answers: [
      on('one', reply(text('first answer'))),
      on('two', reply(tooLong, text('never'))),
      always(/./u, reply(text('continued'))),
    ],
    files: { 'pic.png': dot },
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'one')
      await client.idle(id)
      const url = `data:image/png;base64,${dot.toString('base64')}`
      const parts = [
        { type: 'text', text: 'two' },
        { type: 'file', mime: 'image/png', filename: 'pic.png', url },
        { type: 'file', mime: 'text/plain', url: `file://${client.directory}/seed.txt` },
      ]
      await client.prompt(id, { parts, system: 'Be short.', agent: 'plan' })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'compaction again and again',
    answers: [
      on(
        'go',
        reply(
          usage({ input: 19_500, output: 300 }),
          tool.read({ filePath: 'seed.txt' }),
          text('never'),
        ),
      ),
      ...[1, 2].map(() =>
        reply(
          usage({ input: 19_500, output: 300 }),
          tool.read({ filePath: 'seed.txt' }),
          text('never'),
        ),
      ),
      reply(text('at last')),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, { parts: [{ type: 'text', text: 'go' }], model: small })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'compaction by overflow, twice',
    answers: [
      on('go', reply(tooLong, text('never'))),
      reply(tooLong, text('never')),
      reply(text('at last')),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a summary that is too long as well',
    summary: reply(tooLong),
    answers: [on('go', reply(tooLong, text('never'))), always(/./u, reply(text('next')))],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
      await client.prompt(id, 'next')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a summary that is too long as well, with a history',
    summary: reply(tooLong),
    answers: [
      on('one', reply(text('first'))),
      on('go', reply(tooLong, text('never'))),
      always(/./u, reply(text('next'))),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'one')
      await client.idle(id)
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'summarize, and the summary is too long',
    summary: reply(tooLong),
    answers: [on('one', reply(text('first'))), always(/./u, reply(text('next')))],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'one')
      await client.idle(id)
      await client.send('POST', `/session/${id}/summarize`, standard)
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
      await client.prompt(id, 'next')
      await client.idle(id)
    },
  },
  {
    name: 'summarize, and the model fails',
    summary: reply(providerError({ status: 400, message: 'no' })),
    answers: [on('one', reply(text('first'))), always(/./u, reply(text('next')))],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'one')
      await client.idle(id)
      await client.send('POST', `/session/${id}/summarize`, { ...standard, auto: true })
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'summarize while busy',
    answers: [
      on('go', reply(text('half '), gate('half'), text('whole'))),
      always(/./u, reply(text('next'))),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('message.part.delta')
      await client.quiet()
      const summarized = client.send('POST', `/session/${id}/summarize`, standard)
      await client.event(isCompaction)
      await client.quiet()
      client.gate('half').open()
      await summarized
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
      await client.prompt(id, 'more')
      await client.idle(id)
    },
  },
  {
    name: 'summarize while busy with tools, and go on',
    answers: [
      on(
        'go',
        reply(
          text('a '),
          gate('tools'),
          tool.bash({ command: 'true' }, { output: '' }),
          text('never'),
        ),
      ),
      always(/./u, reply(text('continued'))),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('message.part.delta')
      await client.quiet()
      const summarized = client.send('POST', `/session/${id}/summarize`, {
        ...standard,
        auto: true,
      })
      await client.event(isCompaction)
      await client.quiet()
      client.gate('tools').open()
      await summarized
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
