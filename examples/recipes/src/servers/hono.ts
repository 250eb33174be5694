import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { close, routes } from './host.js'

const app = new Hono()
app.use(async ({ req }, next) => (await routes(req.raw)) ?? next())
const server = serve({ fetch: app.fetch, port: Number(process.env['PORT']) }, console.log)
process.once('SIGTERM', () => {
  server.close(close)
  if ('closeAllConnections' in server) server.closeAllConnections()
})
