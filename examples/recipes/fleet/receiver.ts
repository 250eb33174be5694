import { isSignedWebhook, type OutboxEvent } from '@turnstead/turn/outbox'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Takes webhooks, now and again not. */
export interface Receiver {
  readonly url: string
  /** How many different events of this type came for this turn. */
  count(type: OutboxEvent['type'], turnId: number): number
  /** Events that were taken more than once, which is allowed. */
  readonly repeated: number
  close(): Promise<void>
}

export async function startReceiver(secret: string, random: () => number): Promise<Receiver> {
  const events = new Map<string, Set<string>>()
  const ids = new Set<string>()
  let repeated = 0
  const server = createServer(async (request, response): Promise<unknown> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const luck = random()
    if (luck < 0.05) return request.destroy()
    if (luck < 0.2) return response.writeHead(503).end()
    if (!isSignedWebhook({ secret, headers: request.headers, body })) {
      return response.writeHead(401).end()
    }
    const { id, type, turnId } = JSON.parse(body.toString()) as OutboxEvent
    const key = `${type} ${turnId}`
    events.set(key, (events.get(key) ?? new Set()).add(id))
    if (ids.has(id)) repeated += 1
    ids.add(id)
    // Taken, and the sender never learns of it.
    if (luck < 0.23) return request.destroy()
    return response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    count: (type, turnId) => events.get(`${type} ${turnId}`)?.size ?? 0,
    get repeated() {
      return repeated
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
