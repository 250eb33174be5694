import type { ServerResponse } from 'node:http'
import type { Clock } from '../../clock.js'
import type { AnswerFault } from '../../faults/faults.js'
import type { Outcome } from './outcome.js'
import { realTime } from '../../real-time.js'

/** Sends what a route answers, with what is to go wrong on the way. */
export async function sendOutcome(
  response: ServerResponse,
  outcome: Outcome,
  options: {
    readonly fault: AnswerFault | null
    readonly clock: Clock
    /** Headers that every answer to this request has. */
    readonly headers: Readonly<Record<string, string>>
    /** Ends what waits on the clock. */
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { fault } = options
  if (response.destroyed) return
  if (fault?.kind === 'lose-answer') return void response.socket?.resetAndDestroy()
  const body = bodyOf(outcome)
  const headers: Record<string, string> = {
    ...options.headers,
    ...(outcome.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...outcome.headers,
    'content-length': String(body.length),
  }
  if (fault?.kind === 'truncate') {
    delete headers['content-length']
    response.writeHead(outcome.status, headers)
    response.end(body.subarray(0, fault.afterBytes ?? Math.floor(body.length / 2)))
    return
  }
  response.writeHead(outcome.status, headers)
  if (fault?.kind === 'reset') {
    response.write(body.subarray(0, fault.afterBytes))
    response.flushHeaders()
    realTime.setImmediate(() => response.socket?.resetAndDestroy())
    return
  }
  if (fault?.kind === 'drip') {
    for (let start = 0; start < body.length && !response.destroyed; start += fault.bytes) {
      response.write(body.subarray(start, start + fault.bytes))
      await options.clock.sleep(fault.everyMs, { signal: options.signal })
    }
    response.end()
    return
  }
  response.end(body)
}

function bodyOf(outcome: Outcome): Buffer {
  if (outcome.bytes !== undefined) return Buffer.from(outcome.bytes)
  return outcome.json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(outcome.json))
}
