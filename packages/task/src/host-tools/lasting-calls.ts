import type { IncomingMessage, ServerResponse } from 'node:http'
import { type CallOptions, type Endpoint, refused } from './endpoint.js'
import type { Clock } from '../clock.js'
import { beginLong, clientOf } from './http.js'
import { type RpcAnswer, writeRpc } from './json-rpc.js'
import { type Ticket, writeTicket } from './ticket.js'

/** Calls that outlive the connections, and the processes, which they are made over. */
export interface LastingCalls {
  /** Answers a call, or goes on with one whose connection broke. */
  serve(name: string, ticket: Ticket, exchange: Exchange): Promise<void>
  /** Sends those away whose `execute` has not begun, to be gone on with by the next process, and waits for the others. */
  hand(): Promise<void>
}

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export interface LastingOptions {
  /** The scope's endpoint, when it is there. Null when it does not come in time. */
  endpointOf(name: string, signal: AbortSignal): Promise<Endpoint | null>
  /** How much longer than usual a run may take to come. */
  patienceMs(): number
  /** After a break, the server comes back in so many milliseconds. */
  readonly reconnectMs: number
  readonly clock: Clock
}

const lost = refused(
  'The host ended while it carried this out. It may have been done, or not, and is not done again.',
)
const noRun = refused('No agent of this conversation is making this call.')
const mostKept = 1_000

/**
 * The server keeps the id of the event that it read last, and brings it back after a break (measured on 1.18.33). So an id says which
 * call it is, and whether `execute` may have begun; it is on its way before `execute` is.
 */
export function createLastingCalls(options: LastingOptions): LastingCalls {
  const waiting = new Set<AbortController>()
  /** Parts of calls that an earlier process began and did not answer. */
  const lostParts = new Set<string>()
  /** Calls that this process carries out, and answers that no one has taken yet, by their key. */
  const carried = new Map<string, Promise<RpcAnswer>>()
  const executing = new Set<Promise<unknown>>()

  const carryOut = async (
    name: string,
    ticket: Ticket,
    exchange: Exchange,
    gone: AbortController,
  ): Promise<RpcAnswer | null> => {
    if (ticket.key !== null) return await goOnWith(ticket.key, exchange.response)
    const { signal } = gone
    const endpoint = await options.endpointOf(name, signal)
    if (endpoint === null) return signal.aborted ? null : noRun
    let settle: (answer: RpcAnswer) => void = () => undefined
    const begin: CallOptions['begin'] = async (key) => {
      signal.throwIfAborted()
      waiting.delete(gone)
      await send(exchange.response, `id: ${writeTicket({ ...ticket, key })}\ndata:\n\n`)
      const answer = new Promise<RpcAnswer>((resolve) => (settle = resolve))
      carried.set(key, answer)
      executing.add(answer)
      void answer.then(() => executing.delete(answer))
      void answer.then(async () => await delivered(key, exchange.response))
    }
    const patienceMs = options.patienceMs()
    try {
      const { request } = exchange
      const of = { client: clientOf(request), isBack: request.method === 'GET' }
      const answer = await endpoint.call(ticket, { ...of, signal, patienceMs, begin, lostParts })
      settle(answer ?? lost)
      return answer
    } catch (error) {
      settle(lost)
      throw error
    }
  }

  const goOnWith = async (key: string, response: ServerResponse): Promise<RpcAnswer> => {
    const answer = carried.get(key)
    if (answer === undefined) {
      remember(lostParts, key.slice(key.indexOf(':') + 1))
      return lost
    }
    void answer.then(async () => await delivered(key, response))
    return await answer
  }

  /** An answer that did not reach the server waits until that comes back for it. */
  const delivered = async (key: string, response: ServerResponse): Promise<void> => {
    await closed(response)
    if (response.writableFinished) carried.delete(key)
    const [oldest] = carried.keys()
    if (carried.size > mostKept && oldest !== undefined) carried.delete(oldest)
  }

  return {
    async serve(name, ticket, exchange) {
      const { response } = exchange
      const gone = new AbortController()
      waiting.add(gone)
      response.once('close', () => gone.abort(new Error('The connection is gone.')))
      // What ends with the connection is what the server comes back after.
      const { clock } = options
      const endTalk = beginLong(response, { type: 'text/event-stream', nothing: ':\n\n', clock })
      const head = `retry: ${options.reconnectMs}\nid: ${writeTicket(ticket)}\ndata:\n\n`
      await send(response, head).catch(() => undefined)
      const answer = await carryOut(name, ticket, exchange, gone).finally(() => {
        waiting.delete(gone)
        endTalk()
      })
      if (answer === null) return void response.end()
      response.end(`data: ${writeRpc(ticket.id, answer)}\n\n`)
    },
    async hand() {
      for (const each of waiting) each.abort(new Error('The process ends.'))
      await Promise.all(executing)
    },
  }
}

/** Resolves when the text is the system's to deliver, whatever becomes of this process. */
function send(response: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (response.destroyed) return reject(new Error('The connection is gone.'))
    response.write(text, (error) => (error ? reject(error) : resolve()))
  })
}

function remember(set: Set<string>, item: string): void {
  set.add(item)
  const [oldest] = set
  if (set.size > mostKept && oldest !== undefined) set.delete(oldest)
}

async function closed(response: ServerResponse): Promise<void> {
  if (response.closed) return
  await new Promise((resolve) => response.once('close', resolve))
}
