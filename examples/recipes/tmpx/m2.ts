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
  on(
    'Delegate',
    reply(
      tool.task({ description: 'A sub-agent', prompt: 'Help' }, reply(text('Helped.'))),
      text('Done.'),
    ),
  ),
  on(
    'Todo',
    reply(tool.todowrite({ todos: [{ content: 'x', status: 'pending' }] } as any), text('Noted.')),
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
const synth = (info: any, messages: any[]) => {
  const ev: any[] = []
  const add = (t: string, data: any, key: string) =>
    ev.push({
      id: 'evt_' + key.split('_').at(-1) + String(ev.length),
      aggregateID: info.id,
      seq: ev.length,
      type: t,
      data,
    })
  const { ...clean } = info
  clean.cost = 0
  clean.tokens = { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } }
  add('session.created.1', { sessionID: info.id, info: clean }, info.id)
  for (const m of messages) {
    add('message.updated.1', { sessionID: info.id, info: m.info }, m.info.id)
    for (const p of m.parts)
      add(
        'message.part.updated.1',
        { sessionID: info.id, part: p, time: p.time?.end ?? m.info.time.created },
        p.id,
      )
  }
  return ev
}
const replay = (client: any, events: any[]) =>
  client.request('POST', '/sync/replay', { body: { directory: dir, events } } as any).then(
    (x: any) => JSON.stringify(x),
    (e: any) => 'ERR ' + e.status + ' ' + e.bodyText,
  )
const a = await open()
const b = await open()
const s = await a.client.session.create({ title: 'My title' } as any)
await ask(a.client, s.id, 'First')
await ask(a.client, s.id, 'Delegate')
await ask(a.client, s.id, 'Todo')
const info: any = await a.client.session.get(s.id)
const messages: any = await a.client.session.messages(s.id)
const child: any = (await a.client.session.children(s.id))[0]
const cm: any = await a.client.session.messages(child.id)
const ev = synth(info, messages)
const cev = synth(child, cm)
console.log('two aggregates in one', await replay(b.client, [...cev, ...ev]))
console.log(
  'known?',
  await b.client.session.get(s.id).then(
    () => true,
    (e: any) => e.code,
  ),
  await b.client.session.get(child.id).then(
    () => true,
    (e: any) => e.code,
  ),
)
console.log('child first', await replay(b.client, cev))
const half = Math.floor(ev.length / 2)
console.log('first half', await replay(b.client, ev.slice(0, half)))
console.log('second half', await replay(b.client, ev.slice(half)))
console.log(
  'msgs equal',
  JSON.stringify(await b.client.session.messages(s.id)) === JSON.stringify(messages),
  'info equal',
  JSON.stringify(await b.client.session.get(s.id)) === JSON.stringify(info),
)
console.log(JSON.stringify(info))
console.log(JSON.stringify(await b.client.session.get(s.id)))
console.log(
  'todos',
  JSON.stringify(
    await a.client.request('GET', '/session/{sessionID}/todo', {
      params: { sessionID: s.id },
    } as any),
  ),
  JSON.stringify(
    await b.client.request('GET', '/session/{sessionID}/todo', {
      params: { sessionID: s.id },
    } as any),
  ),
)
console.log('same again', await replay(b.client, ev))
console.log('only first half again', await replay(b.client, ev.slice(0, half)))
await ask(b.client, s.id, 'Next')
console.log('after a turn, all again', await replay(b.client, ev))
const m3: any = await b.client.session.messages(s.id)
const i3: any = await b.client.session.get(s.id)
// now bring a up to date
const ev3 = synth(i3, m3)
console.log('a: whole newer log over its own', await replay(a.client, ev3))
console.log('b delete', JSON.stringify(await b.client.session.delete(s.id)))
console.log(
  'b gone',
  await b.client.session.get(s.id).then(
    () => true,
    (e: any) => e.code,
  ),
  'child',
  await b.client.session.get(child.id).then(
    () => true,
    (e: any) => e.code,
  ),
)
console.log('b: replay after delete', await replay(b.client, ev3))
console.log(
  'b known',
  await b.client.session.get(s.id).then(
    () => true,
    (e: any) => e.code,
  ),
)
console.log(
  'a delete',
  JSON.stringify(await a.client.session.delete(s.id)),
  'replay',
  await replay(a.client, ev3),
  await a.client.session.get(s.id).then(
    () => true,
    (e: any) => e.code,
  ),
)
const h: any = await b.client.request('POST', '/sync/history', { body: {} } as any)
console.log(
  'b history',
  h
    .filter((e: any) => e.aggregate_id === s.id)
    .map((e: any) => e.seq + ' ' + e.type)
    .slice(-5),
)
const c = await open()
console.log('wrong type', await replay(c.client, [{ ...ev[0], type: 'session.created.9' }]))
console.log('gap', await replay(c.client, [ev[0], ev[2]]))
console.log(
  'dir other',
  await c.client
    .request('POST', '/sync/replay', { body: { directory: '/tmp', events: ev } } as any)
    .then(
      (x: any) => JSON.stringify(x),
      (e: any) => e.bodyText,
    ),
  JSON.stringify(await c.client.session.get(s.id).catch((e: any) => e.code)),
)
for (const x of [a, b, c]) {
  await x.client.close()
  await x.server.close()
}
await model.close()
