import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.js'
import type { Gates } from '../gates.js'
import type { Attempt } from '../script/plan.js'
import type { ProviderErrorStep, RetryStep, Usage } from '../script/steps.js'
import { streamActions, wholeCompletion } from './completion-frames.js'
import type { ModelRequest } from './completion-request.js'
import { realTime } from '../real-time.js'

/** What sending needs beside the attempt. */
export interface SendContext {
  readonly clock: Clock
  readonly gates: Gates
  /** Aborted when the caller has hung up. */
  readonly signal: AbortSignal
  /** Number of this completion in the process; it makes ids. */
  readonly number: number
  /** Called with what an answer says it used. */
  readonly onUsage: (usage: Usage) => void
}

/** Plays one attempt of a model call onto a response. Returns early when the caller hangs up. */
export async function sendAttempt(
  attempt: Attempt,
  request: ModelRequest,
  response: ServerResponse,
  context: SendContext,
): Promise<void> {
  if (attempt.end.kind === 'refused' && attempt.sayings.every((saying) => saying.kind === 'wait')) {
    return refuse(attempt.end.by, response)
  }
  const head = {
    id: String(context.number),
    created: Math.floor(context.clock.now() / 1000),
    model: request.model,
  }
  try {
    if (!request.isStream) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(wholeCompletion(attempt, head)))
      context.onUsage(attempt.usage)
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    response.flushHeaders()
    for (const action of streamActions(attempt, head)) {
      if (action.kind === 'wait') await context.clock.sleep(action.ms, { signal: context.signal })
      else if (action.kind === 'gate') await context.gates.pass(action.name, context.signal)
      else {
        if ('usage' in action.json) context.onUsage(attempt.usage)
        await write(response, `data: ${JSON.stringify(action.json)}\n\n`)
      }
    }
    await end(attempt, response)
  } catch (error) {
    if (!context.signal.aborted) throw error
  }
}

async function end(attempt: Attempt, response: ServerResponse): Promise<void> {
  switch (attempt.end.kind) {
    case 'dropped':
      await flushed(response)
      response.socket?.resetAndDestroy()
      return
    case 'bad-frame':
      response.end('data: {not json\n\ndata: [DONE]\n\n')
      return
    case 'refused': {
      const { message, status } = attempt.end.by
      response.end(`data: ${JSON.stringify({ error: { message, code: status } })}\n\n`)
      return
    }
    case 'finish':
      response.end('data: [DONE]\n\n')
  }
}

function refuse(by: RetryStep | ProviderErrorStep, response: ServerResponse): void {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (by.kind === 'retry') {
    if (by.retryAfterMs !== undefined) headers['retry-after-ms'] = String(by.retryAfterMs)
    if (by.retryAfterSeconds !== undefined) headers['retry-after'] = String(by.retryAfterSeconds)
  }
  response.writeHead(by.status, headers)
  response.end(refusalBody(by))
}

/** The provider's error body, as OpenAI-compatible servers word it. */
function refusalBody(by: RetryStep | ProviderErrorStep): string {
  const code = by.kind === 'provider-error' && by.code !== undefined ? by.code : null
  return JSON.stringify({ error: { message: by.message, type: 'scripted', code } })
}

async function write(response: ServerResponse, bytes: string): Promise<void> {
  if (response.destroyed || response.write(bytes)) return
  await new Promise<void>((resolve) => {
    response.once('drain', resolve)
    response.once('close', resolve)
  })
}

function flushed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => realTime.setTimeout(resolve, response.destroyed ? 0 : 150))
}
