import { channels, createClient } from '../../src/index.js'

/** A host application that uses a server, closes its client, and has nothing more to do. */
const client = createClient({ baseUrl: process.argv[2] ?? '', env: {} })
const events = client.events.subscribe()
await events.ready
await Promise.all(Array.from({ length: 20 }, () => client.session.list()))
for await (const _ of await client.request('GET', '/global/event')) break
const hanging = client.session.get('ses_slow').catch(() => undefined)
await client.close()
await hanging

// Another one that waits a minute before it tries again.
const reconnect = { firstDelayMs: 60_000, maxDelayMs: 60_000 }
const away = createClient({ baseUrl: 'http://127.0.0.1:9', env: {}, reconnect, random: () => 1 })
const refused = new Promise((resolve) => channels.stream.asyncEnd.subscribe(resolve))
const ready = away.events.subscribe().ready.catch(() => undefined)
await refused
await new Promise((resolve) => setImmediate(resolve))
await away.close()
await ready
const left = (): string[] =>
  process.getActiveResourcesInfo().filter((kind) => /TCP|Timeout/.test(kind))
// A socket that was destroyed is gone a turn later.
for (let turn = 0; turn < 200 && left().length > 0; turn += 1) {
  await new Promise((resolve) => setImmediate(resolve))
}
console.log('closed', left().join())
