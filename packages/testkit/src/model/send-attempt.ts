import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.js'
import type { Gates } from '../gates.js'
import type { Attempt, Saying } from '../script/plan.js'
import type { Usage } from '../script/steps.js'
import { toFrame, type Dialect } from './dialects/dialect.js'
import type { ModelRequest } from './dialects/model-request.js'
import { realTime } from '../real-time.js'

/** What sending needs beside the attempt. */
export interface SendContext {
  readonly dialect: Dialect
  readonly clock: Clock
  readonly gates: Gates
  /** Aborted when the caller has hung up. */
  readonly signal: AbortSignal
  /** Number of this completion in the process; it makes ids. */
  readonly number: number
  /** Called with what an answer says it used, once it has been said to a caller who is still there. */
  readonly onUsage: (usage: Usage) => void
}

/** Plays one attempt of a model call onto a response. Returns early when the caller hangs up. */
export async function sendAttempt(
  attempt: Attempt,
  request: ModelRequest,
  response: ServerResponse,
  context: SendContext,
): Promise<void> {
  const { dialect } = context
  if (attempt.end.kind === 'refused' && !attempt.sayings.some(isHeard)) {
    await pause(attempt, context)
    return refuse(attempt.end.by, response, dialect)
  }
  const head = {
    id: String(context.number),
    created: Math.floor(context.clock.now() / 1000),
    model: request.model,
  }
  try {
    if (!request.isStream) {
      if (response.destroyed) return
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(dialect.whole(attempt, head)))
      context.onUsage(attempt.usage)
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    response.flushHeaders()
    const isNamed = dialect.farewell === ''
    for (const action of dialect.stream(attempt, head)) {
      if (action.kind === 'wait') await context.clock.sleep(action.ms, { signal: context.signal })
      else if (action.kind === 'gate') await context.gates.pass(action.name, context.signal)
      else {
        if (response.destroyed) return
        if (action.tellsUsage) context.onUsage(attempt.usage)
        await write(response, toFrame(action.json, isNamed))
      }
    }
    await end(attempt, response, dialect)
  } catch (error) {
    if (!context.signal.aborted) throw error
  }
}

function isHeard({ kind }: Saying): boolean {
  return kind !== 'wait' && kind !== 'gate'
}

async function pause({ sayings }: Attempt, context: SendContext): Promise<void> {
  for (const saying of sayings) {
    if (saying.kind === 'wait') await context.clock.sleep(saying.ms, { signal: context.signal })
    if (saying.kind === 'gate') await context.gates.pass(saying.name, context.signal)
  }
}

async function end(attempt: Attempt, response: ServerResponse, dialect: Dialect): Promise<void> {
  switch (attempt.end.kind) {
    case 'dropped':
      await flushed(response)
      response.socket?.resetAndDestroy()
      return
    case 'bad-frame':
      response.end(`data: {not json\n\n${dialect.farewell}`)
      return
    case 'refused':
      response.end(toFrame(dialect.breakOff(attempt.end.by), dialect.farewell === ''))
      return
    case 'finish':
      response.end(dialect.farewell)
  }
}

function refuse(
  by: Parameters<Dialect['refusal']>[0],
  response: ServerResponse,
  dialect: Dialect,
): void {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (by.kind === 'retry') {
    if (by.retryAfterMs !== undefined) headers['retry-after-ms'] = String(by.retryAfterMs)
    if (by.retryAfterSeconds !== undefined) headers['retry-after'] = String(by.retryAfterSeconds)
  }
  response.writeHead(by.status, headers)
  response.end(JSON.stringify(dialect.refusal(by)))
}

async function write(response: ServerResponse, bytes: string): Promise<void> {
  if (response.destroyed || response.write(bytes)) return
  await new Promise<void>((resolve) => {
    const go = (): void => {
      response.off('drain', go)
      response.off('close', go)
      resolve()
    }
    response.on('drain', go)
    response.on('close', go)
  })
}

function flushed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => realTime.setTimeout(resolve, response.destroyed ? 0 : 150))
}
