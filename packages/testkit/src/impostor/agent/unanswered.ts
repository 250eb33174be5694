import { asRecord, listMessages, type MessageRecord, type SessionRecord } from '../state/records.js'

/** The newest user message, when no answer has ended its turn. */
export function unanswered(session: SessionRecord): MessageRecord | null {
  const messages = listMessages(session)
  const user = messages.findLast((message) => message.info.role === 'user')
  const last = messages.findLast((message) => message.info.role === 'assistant')
  if (!user) return null
  const finish = last?.info.finish
  if (!last || finish === undefined || finish === 'tool-calls' || finish === 'unknown') return user
  // The model is called again after its tools, whatever it said why it stopped.
  if (last.info.parentID === user.info.id && hasRunTools(last)) return user
  const isLater = last.info.parentID === user.info.id || last.storedAt > user.storedAt
  return isLater ? null : user
}

function hasRunTools({ parts }: MessageRecord): boolean {
  return [...parts.values()].some((part) => {
    const metadata = asRecord(asRecord(part['state'])?.['metadata'])
    return part.type === 'tool' && metadata?.['interrupted'] !== true
  })
}

/** The newest answer. */
export function newest(session: SessionRecord): MessageRecord | null {
  return listMessages(session).findLast((message) => message.info.role === 'assistant') ?? null
}
