import { toNodeListener } from '@turnstead/turn/http'
import express from 'express'
import { close, routes } from './host.js'

const app = express()
app.use(toNodeListener(routes))
const server = app.listen(Number(process.env['PORT']), () => console.log(server.address()))
process.once('SIGTERM', () => {
  server.close(close)
  server.closeAllConnections()
})
