import { startScriptedModel, reply, text, tool, on } from '@turnstead/testkit'
import { startOpencode } from '@turnstead/testkit/opencode'
import { createClient, createMessageId, createPartId } from '@turnstead/wire'
import { mkdtempSync } from 'node:fs'
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
const replay = (client: any, events: any[]) =>
  client.request('POST', '/sync/replay', { body: { directory: dir, events } } as any).then(
    (x: any) => JSON.stringify(x),
    (e: any) => 'ERR ' + e.status + ' ' + e.bodyText,
  )
const a = await open()
const b = await open()
const s = await a.client.session.create({
  title: 'My title',
  metadata: { turnstead: { key: 'k' } },
} as any)
await ask(a.client, s.id, 'First')
const info: any = await a.client.session.get(s.id)
const messages: any = await a.client.session.messages(s.id)
const ev: any[] = []
const add = (t: string, data: any) =>
  ev.push({
    id: 'evt_' + info.id.slice(4) + ev.length,
    aggregateID: info.id,
    seq: ev.length,
    type: t,
    data,
  })
const zero = {
  cost: 0,
  tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } },
}
add('session.created.1', {
  sessionID: info.id,
  info: { ...info, ...zero, metadata: { ...info.metadata, restoring: true } },
})
for (const m of messages) {
  add('message.updated.1', { sessionID: info.id, info: m.info })
  for (const p of m.parts) add('message.part.updated.1', { sessionID: info.id, part: p, time: 1 })
}
console.log(await replay(b.client, ev), JSON.stringify((await b.client.session.get(s.id)) as any))
const evs = b.client.events.subscribe({ session: s.id })
await evs.ready
add('session.updated.1', { sessionID: info.id, info })
console.log(await replay(b.client, ev.slice(-1)))
const ib: any = await b.client.session.get(s.id)
console.log(JSON.stringify(ib))
console.log(JSON.stringify(info))
console.log('equal', JSON.stringify(ib) === JSON.stringify(info))
console.log('rest twice', await replay(b.client, ev))
const ic: any = await b.client.session.get(s.id)
console.log('equal', JSON.stringify(ic) === JSON.stringify(info))
setTimeout(() => evs.close(), 500)
for await (const e of evs) console.log('event on replay', e.type)
// big
const big: any[] = []
const pad = 'x'.repeat(100_000)
const sid = 'ses_' + info.id.slice(4, -3) + 'abc'
const addb = (t: string, data: any) =>
  big.push({
    id: 'evt_' + sid.slice(4) + big.length,
    aggregateID: sid,
    seq: big.length,
    type: t,
    data,
  })
addb('session.created.1', { sessionID: sid, info: { ...info, id: sid, ...zero } })
const um = messages[0]
for (let i = 0; i < 300; i++) {
  const mid = createMessageId()
  addb('message.updated.1', { sessionID: sid, info: { ...um.info, id: mid, sessionID: sid } })
  addb('message.part.updated.1', {
    sessionID: sid,
    part: { id: createPartId(), type: 'text', text: pad, messageID: mid, sessionID: sid },
    time: 1,
  })
}
let t = Date.now()
console.log('big', JSON.stringify(big).length, await replay(b.client, big), Date.now() - t)
console.log((await b.client.session.messages(sid)).length)
// 404 of unknown route
console.log(
  await b.client
    .request('POST', '/sync/replayX' as any, { body: {} } as any)
    .catch((e: any) => [e.code, e.status]),
)
console.log(
  'version',
  info.version,
  await b.client
    .request('POST', '/sync/replay', { body: { directory: dir, events: [] } } as any)
    .catch((e: any) => [e.code, e.status, e.bodyText]),
)
for (const x of [a, b]) {
  await x.client.close()
  await x.server.close()
}
await model.close()
