import { createOpencodeClient } from '@opencode-ai/sdk'
import { createOpencodeClient as createClientV2 } from '@opencode-ai/sdk/v2'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { gate, reply, startImpostor, text, tool } from '../src/index.js'

const rules = [{ permission: 'edit', pattern: '*', action: 'ask' as const }]

describe('the official client against Impostor', () => {
  it('creates, prompts, reads events and messages', async () => {
    const impostor = await startImpostor(reply(text('Hello from Impostor.')))
    const client = createOpencodeClient({ baseUrl: impostor.url })
    const session = await client.session.create({ body: { title: 'sdk' } })
    const id = session.data?.id ?? ''
    const events = await client.event.subscribe()
    const seen: string[] = []
    const reading = (async () => {
      for await (const event of events.stream) {
        seen.push(event.type)
        if (event.type === 'server.connected') {
          void client.session.promptAsync({
            path: { id },
            body: { parts: [{ type: 'text', text: 'hi' }] },
          })
        }
        if (event.type === 'session.idle') break
      }
    })()
    await reading
    expect(seen).to.include.members([
      'server.connected',
      'message.updated',
      'message.part.updated',
      'session.idle',
    ])
    const messages = await client.session.messages({ path: { id } })
    const texts = messages.data
      ?.at(-1)
      ?.parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
    expect(texts).to.deep.equal(['Hello from Impostor.'])
    await impostor.close()
  })

  it('prompts synchronously, answers a permission and lists it', async () => {
    const impostor = await startImpostor(
      reply(tool.write({ filePath: 'a.txt', content: 'a\n' }), text('Written.')),
    )
    const client = createClientV2({ baseUrl: impostor.url })
    const session = await client.session.create({ title: 'sdk', permission: rules })
    const sessionID = session.data?.id ?? ''
    const answered = client.session.prompt({ sessionID, parts: [{ type: 'text', text: 'write' }] })
    await impostor.events.next((event) => event.type === 'permission.asked')
    const pending = await client.permission.list()
    expect(pending.data).to.have.length(1)
    const requestID = pending.data?.[0]?.id ?? ''
    expect((await client.permission.reply({ requestID, reply: 'once' })).data).to.equal(true)
    expect(
      (await answered).data?.parts.some((part) => part.type === 'text' && part.text === 'Written.'),
    ).to.equal(true)
    expect(impostor.readFile('a.txt')).to.equal('a\n')
    await impostor.close()
  })

  it('aborts a turn', async () => {
    const impostor = await startImpostor(reply(text('half '), gate('never'), text('whole')))
    const client = createClientV2({ baseUrl: impostor.url })
    const session = await client.session.create({ title: 'sdk' })
    const sessionID = session.data?.id ?? ''
    const answered = client.session.prompt({ sessionID, parts: [{ type: 'text', text: 'go' }] })
    await impostor.gate('never').reached()
    expect((await client.session.abort({ sessionID })).data).to.equal(true)
    const info = (await answered).data?.info
    expect(info?.role === 'assistant' && info.error?.name).to.equal('MessageAbortedError')
    await impostor.close()
  })

  it('is refused without the password', async () => {
    const impostor = await startImpostor(reply(text('x')), { password: 'secret' })
    const stranger = await createClientV2({ baseUrl: impostor.url }).session.list()
    expect(stranger.response.status).to.equal(401)
    const friend = createClientV2({ baseUrl: impostor.url, headers: { ...impostor.headers } })
    expect((await friend.session.list()).data).to.deep.equal([])
    expect(JSON.stringify(impostor.journal.entries)).to.not.include(
      Buffer.from('opencode:secret').toString('base64'),
    )
    await impostor.close()
  })
})
