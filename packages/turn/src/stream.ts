import type { Subscription } from '@turnstead/wire'
import type { AskDesk } from './asks.js'
import type { TurnRun } from './run.js'

type StreamItem = Subscription extends AsyncIterable<infer Item> ? Item : never

/**
 * Folds the stream into the reply until the subscription is closed. The stream is only for speed: when it
 * fails for good this is reported and the looks carry the turn alone.
 */
export async function pumpStream(
  run: TurnRun,
  subscription: Subscription,
  desk: AskDesk,
): Promise<void> {
  try {
    for await (const item of subscription) hear(run, desk, item)
  } catch (error) {
    run.setup.report(error, 'stream')
    run.isLookDue = true
    run.alarm.ring()
  }
}

function hear(run: TurnRun, desk: AskDesk, item: StreamItem): void {
  const now = run.setup.clock.now()
  const before = run.reply.revision
  run.reply.apply(item)
  if (run.reply.revision !== before) {
    run.usage.progressAt = now
    run.usage.retryingSince = null
  }
  if (item.type === 'gap') {
    run.hasGap = true
    run.isLookDue = true
    run.alarm.ring()
    return
  }
  run.heardAt = now
  if (run.usage.sentAt !== null) run.usage.firstEventAt ??= now
  hearEvent(run, desk, item.type, item.properties as Readonly<Record<string, unknown>>)
}

function hearEvent(
  run: TurnRun,
  desk: AskDesk,
  type: string,
  properties: Readonly<Record<string, unknown>>,
): void {
  desk.hear(type, properties)
  if (desk.hasNew) run.alarm.ring()
  if (properties['sessionID'] !== run.prompt?.sessionId) return

  if (type === 'session.error') {
    run.sessionError = toSessionError(properties['error'])
    callForLook(run)
  } else if (type === 'session.idle' || type === 'session.deleted') {
    callForLook(run)
  } else if (type === 'session.status') {
    hearStatus(run, properties['status'])
  }
}

function hearStatus(run: TurnRun, status: unknown): void {
  const type = field(status, 'type')
  if (type === 'idle') callForLook(run)
  if (type === 'retry') {
    run.usage.retryingSince ??= run.setup.clock.now()
    run.alarm.ring()
  }
}

function callForLook(run: TurnRun): void {
  run.isLookDue = true
  run.alarm.ring()
}

function toSessionError(error: unknown): { name: string; message: string } {
  const name = field(error, 'name')
  const message = field(field(error, 'data'), 'message')
  return {
    name: typeof name === 'string' ? name : 'UnknownError',
    message: typeof message === 'string' ? message : '',
  }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
