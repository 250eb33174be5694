/** A web process of the framework that `SERVER` names. Who sends `x-user: 7` is user 7. */
import { serve } from '@hono/node-server'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createExpressApp } from '../../src/servers/express.js'
import { createFastifyApp } from '../../src/servers/fastify.js'
import { createHonoApp } from '../../src/servers/hono.js'
import { openTurns } from '../../src/servers/turns.js'

const env = (name: string): string => process.env[name] ?? ''
const turns = openTurns({
  databaseUrl: env('DATABASE_URL'),
  filesRoot: env('FILES'),
  schema: env('SCHEMA'),
})
const toUser = (header: unknown): number | null =>
  typeof header === 'string' ? Number(header) : null

const servers: Readonly<Record<string, () => Promise<Server>>> = {
  express: async () =>
    createServer(createExpressApp(turns, ({ headers }) => toUser(headers['x-user']))).listen(
      0,
      '127.0.0.1',
    ),
  fastify: async () => {
    const app = createFastifyApp(turns, ({ headers }) => toUser(headers['x-user']))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
  hono: async () => {
    const app = createHonoApp(turns, ({ headers }) => toUser(headers.get('x-user')))
    return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  },
}

const server = await servers[env('SERVER')]!()
if (!server.listening) await once(server, 'listening')
process.once('SIGTERM', async () => {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
  await turns.close()
})
console.log((server.address() as AddressInfo).port)
