import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'

import { toAnswerError } from './answer-error.js'
import { startDeadline } from './deadline.js'
import { WireError } from '../errors.js'
import type { Exchange, Flow } from './exchange.js'
import type { Http, HttpCall } from './http.js'
import type { Settings } from '../options.js'

/** How long a call may take, and which option says so. */
export interface Budget {
  readonly ms: number
  readonly name: string
}

/** A complete answer with a 2xx status. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The head of an answer with a 2xx status; its body is still arriving. */
export interface OpenAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Readable
}

const maxErrorBytes = 8192
const maxErrorChunks = 16

/** Sends a call and collects its answer. */
export function send(
  http: Http,
  settings: Settings,
  call: HttpCall,
  budget: Budget,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let status = 0
    let headers: IncomingHttpHeaders = {}
    const exchange = http.start(call, {
      onStart: (code, received) => {
        status = code
        headers = received
      },
      onData: (chunk) => {
        chunks.push(chunk)
        size += chunk.length
        const max = settings.limits.responseBytes
        if (size > max) exchange.abort(tooLarge(call, max, status))
      },
      onEnd: () => {
        cancelDeadline()
        const body = Buffer.concat(chunks, size)
        if (status < 300) resolve({ status, headers, body })
        else reject(refusal(call, status, headers, body))
      },
      onError: (error) => {
        cancelDeadline()
        reject(error as Error)
      },
    })
    const cancelDeadline = limitTime(settings, call, budget, exchange)
  })
}

/** Sends a call and answers with its head; the budget ends there, the body has the reader's own pace. */
export function download(
  http: Http,
  settings: Settings,
  call: HttpCall,
  budget: Budget,
): Promise<OpenAnswer> {
  return new Promise((resolve, reject) => {
    let status = 0
    let head: IncomingHttpHeaders = {}
    let open: { readonly body: Readable; readonly flow: Flow } | null = null
    const refused: Buffer[] = []
    const exchange = http.start(call, {
      onStart: (code, headers, flow) => {
        status = code
        head = headers
        if (status >= 300) return
        cancelDeadline()
        const body = new Readable({
          read: flow.resume,
          destroy: (error, done) => {
            exchange.abort(error)
            done(error)
          },
        })
        // A reader who comes after the failure still gets it; until then it must not end the process.
        body.on('error', () => {})
        open = { body, flow }
        resolve({ status, headers, body })
      },
      onData: (chunk) => {
        if (open !== null) {
          if (!open.body.push(chunk)) open.flow.pause()
        } else if (refused.length < maxErrorChunks) refused.push(chunk)
      },
      onEnd: () => {
        cancelDeadline()
        if (open === null) reject(refusal(call, status, head, Buffer.concat(refused)))
        else open.body.push(null)
      },
      onError: (error) => {
        cancelDeadline()
        if (open === null) reject(error as Error)
        else
          open.body.destroy(error instanceof Error ? error : new Error('aborted', { cause: error }))
      },
    })
    const cancelDeadline = limitTime(settings, call, budget, exchange)
  })
}

function limitTime(
  settings: Settings,
  call: HttpCall,
  budget: Budget,
  exchange: Exchange,
): () => void {
  return startDeadline(settings.clock, budget.ms, () => {
    const message = `${call.label} took longer than ${budget.ms} ms (\`${budget.name}\`)`
    exchange.abort(new WireError('timeout', message, { delivered: exchange.delivered() }))
  })
}

function refusal(
  call: HttpCall,
  status: number,
  headers: IncomingHttpHeaders,
  body: Buffer,
): WireError {
  return toAnswerError(call.label, {
    status,
    headers,
    body: body.toString('utf8', 0, maxErrorBytes),
  })
}

function tooLarge(call: HttpCall, max: number, status: number): WireError {
  const message = `${call.label} answered more than ${max} bytes (\`limits.responseBytes\`)`
  return new WireError('response_too_large', message, { status })
}
