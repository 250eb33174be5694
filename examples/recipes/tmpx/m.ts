import { startScriptedModel, reply, text, tool, on, reasoning } from '@turnstead/testkit'
import { startOpencode } from '@turnstead/testkit/opencode'
import { createClient, createMessageId, createPartId } from '@turnstead/wire'
import { mkdtempSync, writeFileSync } from 'node:fs'
const dir = mkdtempSync('/tmp/proj-')
const model = await startScriptedModel([
  on(
    'First',
    reply(
      text('Let me. '),
      tool.write({ filePath: dir + '/a.txt', content: 'hello' }),
      text('Written.'),
    ),
  ),
  on(
    'Delegate',
    reply(
      tool.task({ description: 'A sub-agent', prompt: 'Help' }, reply(text('Helped.'))),
      text('Done.'),
    ),
  ),
  on('Next', reply(text('Next answer.'))),
])
const open = async () => {
  const server = await startOpencode({ model, directory: dir } as any)
  const client = createClient({
    baseUrl: server.url,
    username: server.username,
    password: server.password,
    directory: dir,
    env: {},
  })
  return { server, client }
}
const ask = async (client: any, id: string, words: string) => {
  const ev = client.events.subscribe({ session: id, includeChildren: false })
  await ev.ready
  await client.prompt.send(id, {
    messageID: createMessageId(),
    parts: [{ id: createPartId(), type: 'text', text: words }],
  })
  for await (const e of ev) {
    if (e.type === 'session.idle') break
  }
  await new Promise((r) => setTimeout(r, 300))
}
const a = await open()
const s = await a.client.session.create({
  title: 'My title',
  permission: [{ permission: 'bash', pattern: '*', action: 'deny' }],
} as any)
await ask(a.client, s.id, 'First')
await ask(a.client, s.id, 'Delegate')
const hist: any = await a.client.request('POST', '/sync/history', { body: {} } as any)
console.log('history', hist.length, JSON.stringify(hist).length)
for (const e of hist) console.log(JSON.stringify(e).slice(0, 400))
writeFileSync('/tmp/hist.json', JSON.stringify(hist))
const messages: any = await a.client.session.messages(s.id)
const info: any = await a.client.session.get(s.id)
const children: any = await a.client.session.children(s.id)
writeFileSync('/tmp/messages.json', JSON.stringify({ info, messages, children }, null, 1))
console.log('messages bytes', JSON.stringify(messages).length, 'children', children.length)
// synthesise
const type = (t: string) => hist.find((e: any) => e.type.startsWith(t))?.type
console.log(type('session.created'), type('message.updated'), type('message.part.updated'))
const synth = (info: any, messages: any[]) => {
  const ev: any[] = []
  const add = (t: string, data: any) =>
    ev.push({
      id: 'evt_' + String(ev.length).padStart(4, '0') + info.id.slice(4),
      aggregateID: info.id,
      seq: ev.length,
      type: t,
      data,
    })
  add(type('session.created'), { sessionID: info.id, info })
  for (const m of messages) {
    add(type('message.updated'), { sessionID: info.id, info: m.info })
    for (const p of m.parts)
      add(type('message.part.updated'), { sessionID: info.id, part: p, time: Date.now() })
  }
  return ev
}
const b = await open()
for (const c of [
  [info, messages],
  ...(await Promise.all(
    children.map(async (c: any) => [c, await a.client.session.messages(c.id)]),
  )),
]) {
  const events = synth(c[0], c[1])
  console.log('synth', events.length, JSON.stringify(events).length)
  try {
    console.log(
      'replay',
      JSON.stringify(
        await b.client.request('POST', '/sync/replay', { body: { directory: dir, events } } as any),
      ),
    )
  } catch (e: any) {
    console.log('ERR', e.message, e.bodyText)
  }
}
const m2: any = await b.client.session.messages(s.id).catch((e: any) => e.message)
console.log('equal', JSON.stringify(m2) === JSON.stringify(messages))
console.log('info equal', JSON.stringify(await b.client.session.get(s.id)) === JSON.stringify(info))
console.log(JSON.stringify(info))
console.log(JSON.stringify(await b.client.session.get(s.id)))
console.log(
  'children',
  JSON.stringify(await b.client.session.children(s.id)).length,
  JSON.stringify(children).length,
)
// next
const n = model.requests.entries.length
await ask(b.client, s.id, 'Next')
const rb: any = model.requests.entries.at(-1)
await ask(a.client, s.id, 'Next')
const ra: any = model.requests.entries.at(-1)
console.log(
  'next',
  JSON.stringify(ra.messages) === JSON.stringify(rb.messages),
  ra.messages.length,
  rb.messages.length,
)
writeFileSync('/tmp/ra.json', JSON.stringify(ra, null, 1))
writeFileSync('/tmp/rb.json', JSON.stringify(rb, null, 1))
// todo
const twice: any = await b.client
  .request('POST', '/sync/replay', {
    body: { directory: dir, events: synth(info, messages) },
  } as any)
  .catch((e: any) => 'ERR ' + e.message + e.bodyText)
console.log('twice', JSON.stringify(twice))
console.log('after twice', JSON.stringify(await b.client.session.messages(s.id)).length)
const cut = await b.client
  .request('POST', '/sync/replay', {
    body: {
      directory: dir,
      events: hist
        .slice(3, 8)
        .map((e: any) => ({ ...e, aggregateID: e.aggregate_id ?? e.aggregateID })),
    },
  } as any)
  .catch((e: any) => 'ERR ' + e.message + e.bodyText)
console.log('cut', JSON.stringify(cut))
await a.client.close()
await a.server.close()
await b.client.close()
await b.server.close()
await model.close()
