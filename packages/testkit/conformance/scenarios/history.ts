import { gate, reply, text } from '../../src/script/builder.js'
import { on } from '../../src/script/scenario.js'
import { tool } from '../../src/script/tools.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

interface Shown {
  readonly info: { readonly id: string; readonly role: string }
  readonly parts: readonly { readonly id: string; readonly type: string }[]
}

async function messages(client: Client, id: string): Promise<readonly Shown[]> {
  const { body } = await client.send('GET', `/session/${id}/message`, undefined, { quiet: true })
  return Array.isArray(body) ? body : []
}

async function say(client: Client, id: string, ...texts: readonly string[]): Promise<void> {
  for (const each of texts) {
    await client.prompt(id, each)
    await client.idle(id)
  }
}

const three = [reply(text('one')), reply(text('two')), reply(text('three'))]

const twoSteps = reply(
  text('before '),
  tool.write({ filePath: 'two.txt', content: '2\n' }),
  tool.edit({ filePath: 'seed.txt', oldString: 'beta', newString: 'BETA' }),
  text('after'),
)

async function show(client: Client, id: string): Promise<void> {
  await client.quiet()
  await client.send('GET', `/session/${id}`)
  await client.send('GET', `/session/${id}/message`)
}

/** What is taken back, removed and copied, and what it costs then. */
export const historyScenarios: readonly ConformanceScenario[] = [
  {
    name: 'revert, then a prompt',
    answers: three,
    async run(client) {
      const id = await client.session()
      await say(client, id, 'first', 'second')
      const list = await messages(client, id)
      await client.send('POST', `/session/${id}/revert`, { messageID: list[2]?.info.id })
      await show(client, id)
      await say(client, id, 'third')
      await show(client, id)
    },
  },
  {
    name: 'revert to an answer, then a prompt without an answer',
    answers: three,
    async run(client) {
      const id = await client.session()
      await say(client, id, 'first', 'second')
      const list = await messages(client, id)
      await client.send('POST', `/session/${id}/revert`, { messageID: list[3]?.info.id })
      await show(client, id)
      await client.send('POST', `/session/${id}/message`, {
        parts: [{ type: 'text', text: 'note' }],
        noReply: true,
      })
      await show(client, id)
    },
  },
  {
    name: 'revert to a part, then a prompt',
    answers: [reply(text('one')), twoSteps, reply(text('three'))],
    async run(client) {
      const id = await client.session()
      await say(client, id, 'first', 'second')
      const list = await messages(client, id)
      const answer = list[3]
      const part = answer?.parts.find((each) => each.type === 'tool')
      await client.send('POST', `/session/${id}/revert`, {
        messageID: answer?.info.id,
        partID: part?.id,
      })
      await show(client, id)
      await say(client, id, 'third')
      await show(client, id)
    },
  },
  {
    name: 'revert, unrevert and revert again',
    answers: three,
    async run(client) {
      const id = await client.session()
      await say(client, id, 'first', 'second')
      const list = await messages(client, id)
      await client.send('POST', `/session/${id}/revert`, { messageID: list[2]?.info.id })
      await client.send('POST', `/session/${id}/unrevert`)
      await client.send('POST', `/session/${id}/revert`, { messageID: list[0]?.info.id })
      await client.send('POST', `/session/${id}/revert`, { messageID: 'msg_unknown' })
      await show(client, id)
      await say(client, id, 'third')
      await show(client, id)
    },
  },
  {
    name: 'revert and prompt in a git repository',
    git: true,
    answers: [
      on('first', reply(tool.write({ filePath: 'one.txt', content: '1\n' }), text('w1'))),
      on('second', twoSteps),
      on('third', reply(text('three'))),
    ],
    async run(client) {
      const id = await client.session()
      await say(client, id, 'first', 'second')
      const list = await messages(client, id)
      const second = list.filter((each) => each.info.role === 'user')[1]?.info.id ?? ''
      await client.send('GET', `/session/${id}/diff?messageID=${second}`)
      await client.send('POST', `/session/${id}/revert`, { messageID: second })
      await client.quiet()
      await client.send('GET', '/file/content?path=seed.txt')
      await client.send('GET', '/file/content?path=two.txt')
      await say(client, id, 'third')
      await show(client, id)
    },
  },
  {
    name: 'what removed messages and parts cost',
    answers: three,
    async run(client) {
      const id = await client.session()
      await say(client, id, 'first', 'second')
      const list = await messages(client, id)
      await client.send('DELETE', `/session/${id}/message/${list[3]?.info.id}`)
      await show(client, id)
      const step = list[1]?.parts.find((each) => each.type === 'step-finish')
      await client.send('DELETE', `/session/${id}/message/${list[1]?.info.id}/part/${step?.id}`)
      await show(client, id)
    },
  },
  {
    name: 'what a fork costs',
    answers: three,
    async run(client) {
      const id = await client.session()
      await say(client, id, 'first', 'second')
      const list = await messages(client, id)
      for (const body of [{}, { messageID: list[2]?.info.id }]) {
        const { body: fork } = await client.send('POST', `/session/${id}/fork`, body)
        const forkId = String(Object(fork).id)
        await show(client, forkId)
      }
    },
  },
  {
    name: 'revert while busy',
    answers: [reply(text('one')), reply(text('half '), gate('reverting'), text('whole'))],
    async run(client) {
      const id = await client.session()
      await say(client, id, 'first')
      const list = await messages(client, id)
      await client.prompt(id, 'second')
      await client.event('message.part.delta')
      await client.quiet()
      await client.send('POST', `/session/${id}/revert`, { messageID: list[0]?.info.id })
      await client.send('POST', `/session/${id}/unrevert`)
      client.gate('reverting').open()
      await client.idle(id)
      await show(client, id)
    },
  },
]
