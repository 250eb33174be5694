import { toNodeListener } from '@turnstead/turn/http'
import fastify from 'fastify'
import { close, routes } from './host.js'

const app = fastify({ forceCloseConnections: true })
const answer = toNodeListener(routes)
app.addHook('onRequest', ({ raw }, reply, next) => void answer(raw, reply.raw, next))
console.log(await app.listen({ port: Number(process.env['PORT']), host: '0.0.0.0' }))
process.once('SIGTERM', () => app.close().then(close))
