import type { Outcome, ReplyError, ReplyView } from '@turnstead/reply'
import type { TurnRecord } from '../ports.js'

/** How a settled turn ended, for its views: the row's word counts, and the reply's where it says the same. */
export function conclusionOf(record: TurnRecord, view: ReplyView, said: Outcome | null): Outcome {
  const own = view.messages.filter(({ sessionId }) => sessionId === view.sessionId)
  const messageId = own.at(-1)?.id ?? null
  if (record.status === 'completed') {
    if (said?.state === 'completed') return said
    const finish = record.finish ?? 'stop'
    const rest = { rejected: false, answeredBy: null, background: [] }
    return { state: 'completed', finish, messageId: messageId ?? '', ...rest }
  }
  const isCancelled = record.status === 'cancelled'
  // A person's stop is an abort, also where the server had no time to say so.
  if (!isCancelled && said?.state === 'failed') return said
  return {
    state: 'failed',
    reason: isCancelled ? 'aborted' : 'error',
    error: errorOf(record),
    messageId,
    answeredBy: null,
  }
}

function errorOf({ status, error }: TurnRecord): ReplyError {
  const none = { statusCode: null, retryable: null, url: null }
  return status === 'cancelled'
    ? { ...none, name: 'cancelled', message: 'the turn was cancelled' }
    : { ...none, name: error?.code ?? 'failed', message: error?.message ?? 'the turn failed' }
}
