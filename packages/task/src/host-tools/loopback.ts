import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Endpoint } from './endpoint.js'
import {
  beginLong,
  clientOf,
  end,
  endWith,
  headersFor,
  isOfPage,
  keptConnections,
  readBody,
} from './http.js'
import { noMessage, readRpc, writeRpc } from './json-rpc.js'
import type { Listener } from './listener.js'

const endpoints = new Map<string, Endpoint>()
let listening: Promise<Server> | null = null

/** A free port and an address that no one can guess, for as long as it is open. One server serves all of a process, and is gone with the last of them. */
export const loopback: Listener = {
  settlesInMs: () => null,
  async open(_name, endpoint) {
    const secret = randomBytes(32).toString('base64url')
    endpoints.set(secret, endpoint)
    const close = (): void => {
      endpoints.delete(secret)
      if (endpoints.size > 0) return
      const last = listening
      listening = null
      void last?.then((server) => {
        // A request under way is answered still.
        server.close()
        server.closeIdleConnections()
      })
    }
    listening ??= listen()
    try {
      const { port } = (await listening).address() as AddressInfo
      return { url: `http://127.0.0.1:${port}/${secret}`, close }
    } catch (error) {
      close()
      throw error
    }
  },
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(keptConnections, (request, response) => {
      void serve(request, response, server).catch(() => response.destroy())
    })
    server.once('error', reject)
    // Nothing of ours keeps a process alive that has nothing else to do.
    server.unref()
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  server: Server,
): Promise<void> {
  if (isOfPage(request, server)) return end(response, 403)
  const endpoint = endpoints.get((request.url ?? '').slice(1))
  if (endpoint === undefined) return end(response, 404)
  if (request.method !== 'POST') return end(response, 405)
  const body = await readBody(request)
  if (body === null) return end(response, 413)
  const message = readRpc(body)
  if (message === null) return endWith(response, noMessage)
  // A server that has gone does not come back for the answer.
  const gone = new AbortController()
  response.once('close', () => gone.abort(new DOMException('The server has gone.', 'AbortError')))
  const client = clientOf(request)
  if (message.method === 'tools/call' && message.id !== null) {
    // Space before JSON is none.
    const { clock } = endpoint
    const endTalk = beginLong(response, { type: 'application/json', nothing: ' ', clock })
    const call = { client, signal: gone.signal }
    const answer = await endpoint.answer(message, call).finally(endTalk)
    return void response.end(answer === null ? '' : writeRpc(message.id, answer))
  }
  const answer = await endpoint.answer(message, { client })
  if (answer === null || message.id === null) return end(response, 202)
  endWith(response, writeRpc(message.id, answer), headersFor(message.method))
}
