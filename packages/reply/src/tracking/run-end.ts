import type { MessageState } from '../state/state.js'

const rejection =
  /^The user (rejected permission to use this specific tool call\.?$|dismissed this question)/

/** The text of the tool says it, so that a poll alone proves it. A rejection with feedback lets the turn go on. */
export function hasRejectedTool({ parts }: MessageState): boolean {
  return parts.some(({ body }) => body?.kind === 'tool' && rejection.test(body.error ?? ''))
}

/** Whether a message ended without a word of why, as one does that was too large for the model. */
function isReasonless({ completedAt, error, finish }: MessageState): boolean {
  return completedAt !== null && error === null && finish === null
}

/** Whether the server is in the middle of a run when it writes a message of its own after this answer. */
export function isUnfinished(message: MessageState): boolean {
  return goesOn(message) || isReasonless(message)
}

/** Whether the server goes on after this answer: it called tools, or it is the summary of a compaction. */
export function goesOn(message: MessageState): boolean {
  const { completedAt, error, finish, structured, summary } = message
  if (completedAt === null || error !== null) return false
  if (summary || finish === 'unknown') return true
  return finish === 'tool-calls' && structured === null && !hasRejectedTool(message)
}
