import { createClient } from '../../src/index.js'

/** A host application that uses a server, closes its client, and has nothing more to do. */
const client = createClient({ baseUrl: process.argv[2] ?? '', env: {} })
const events = client.events.subscribe()
await events.ready
await Promise.all(Array.from({ length: 20 }, () => client.session.list()))
for await (const _ of await client.request('GET', '/global/event')) break
const hanging = client.session.get('ses_slow').catch(() => undefined)
await client.close()
await hanging
console.log('closed', process.getActiveResourcesInfo().join())
