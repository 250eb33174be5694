import { gate, reply, retry, text } from '../../src/script/builder.js'
import { ask, tool } from '../../src/script/tools.js'
import { on } from '../../src/script/scenario.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

async function look(client: Client, id: string): Promise<void> {
  await client.send('GET', `/session/${id}/message`)
  await client.send('GET', '/session/status')
  await client.send('GET', '/permission')
  await client.send('GET', '/question')
}

const endless = reply(text('some '), gate('never'), text('more'))

/** Abort, delete, crash, dispose. */
export const stopScenarios: readonly ConformanceScenario[] = [
  {
    name: 'abort while text streams, then another prompt',
    answers: [endless, reply(text('again'))],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('message.part.delta')
      await client.quiet()
      await client.send('POST', `/session/${id}/abort`)
      await client.idle(id)
      await look(client, id)
      await client.prompt(id, 'more')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'abort before the first token',
    answers: reply(gate('never'), text('more')),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.gate('never').reached({ timeoutMs: 10_000 })
      await client.quiet()
      await client.send('POST', `/session/${id}/abort`)
      await client.idle(id)
      await look(client, id)
    },
  },
  {
    name: 'abort while retrying',
    answers: reply(retry({ times: 9, retryAfterMs: 30_000 })),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event((event) => JSON.stringify(event.properties).includes('"retry"'))
      await client.quiet()
      await client.send('POST', `/session/${id}/abort`)
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'abort while a permission is pending, then a late answer',
    leavesTraces: true,
    answers: reply(tool.write({ filePath: 'out.txt', content: 'late\n' }), text('never')),
    async run(client) {
      const id = await client.session({
        title: 'test',
        permission: [{ permission: 'edit', pattern: '*', action: 'ask' }],
      })
      await client.prompt(id, 'go')
      const asked = await client.event('permission.asked')
      await client.quiet()
      await client.send('POST', `/session/${id}/abort`)
      await client.idle(id)
      await look(client, id)
      await client.send('POST', `/permission/${String(asked.properties['id'])}/reply`, {
        reply: 'once',
      })
      await client.quiet()
      await client.send('GET', '/file/content?path=out.txt')
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'abort while a question is pending, then a late answer',
    leavesTraces: true,
    answers: reply(ask.question({ question: 'Which?', options: ['A'] }), text('never')),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      const asked = await client.event('question.asked')
      await client.quiet()
      await client.send('POST', `/session/${id}/abort`)
      await client.idle(id)
      await look(client, id)
      await client.send('POST', `/question/${String(asked.properties['id'])}/reply`, {
        answers: [['A']],
      })
      await client.quiet()
      await client.send('GET', '/question')
    },
  },
  {
    name: 'abort of an idle and of an unknown session',
    async run(client) {
      const id = await client.session()
      await client.send('POST', `/session/${id}/abort`)
      await client.idle(id)
      await client.send('POST', '/session/ses_00000000000000000000000000/abort')
      await client.quiet()
    },
  },
  {
    name: 'abort of a synchronous prompt',
    answers: endless,
    async run(client) {
      const id = await client.session()
      const waiting = client.send('POST', `/session/${id}/message`, {
        parts: [{ type: 'text', text: 'go' }],
      })
      await client.event('message.part.delta')
      await client.quiet()
      await client.send('POST', `/session/${id}/abort`, undefined, { quiet: true })
      await waiting
      await client.idle(id)
    },
  },
  {
    name: 'abort of a parent while its child runs',
    isChance: true,
    answers: [
      on('sub prompt', endless),
      reply(tool.task({ description: 'Sub', prompt: 'sub prompt' }), text('never')),
    ],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('message.part.delta')
      await client.quiet()
      await client.send('POST', `/session/${id}/abort`)
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', '/session/status')
    },
  },
  {
    name: 'delete while text streams',
    answers: reply(text('some '), gate('deleted'), text('more')),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('message.part.delta')
      await client.quiet()
      await client.send('DELETE', `/session/${id}`)
      await client.send('GET', `/session/${id}`)
      await client.send('GET', '/session/status')
      client.gate('deleted').open()
      await client.idle(id)
      await client.send('GET', '/session/status')
    },
  },
  {
    name: 'a crash while text streams, then the same prompt again',
    answers: [reply(text('some '), gate('never'), text('more')), reply(text('after'))],
    async run(client) {
      const id = await client.session()
      const prompt = {
        messageID: 'msg_1f8e7f3a7000DDDDDDDDDDDDDD',
        parts: [{ id: 'prt_1f8e7f3a7000DDDDDDDDDDDDDD', type: 'text', text: 'go' }],
      }
      await client.prompt(id, prompt)
      await client.event('message.part.delta')
      await client.quiet()
      await client.crash()
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', '/session/status')
      await client.prompt(id, { parts: [{ type: 'text', text: 'next' }] })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a crash while a permission is pending',
    answers: reply(tool.write({ filePath: 'out.txt', content: 'x\n' }), text('never')),
    async run(client) {
      const id = await client.session({
        title: 'test',
        permission: [{ permission: 'edit', pattern: '*', action: 'ask' }],
      })
      await client.prompt(id, 'go')
      const asked = await client.event('permission.asked')
      await client.quiet()
      await client.crash()
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', '/permission')
      await client.send('POST', `/permission/${String(asked.properties['id'])}/reply`, {
        reply: 'once',
      })
      await client.send('POST', `/session/${id}/abort`)
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
