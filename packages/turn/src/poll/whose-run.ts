import type { Reply } from '@turnstead/reply'
import type { Messages } from './read-messages.js'

/**
 * Whose prompt a session works on, or worked on last, by its newest messages: `ours`, another client's (`theirs`), or `none` while
 * the turn's own prompt has not arrived and nothing came after it.
 *
 * The newest message alone does not tell: after it come the server's own messages (a compaction, a sub-agent's
 * result), which belong to the turn, and notes of other clients that start no run.
 */
export function whoseRun(reply: Reply, messages: Messages): 'ours' | 'theirs' | 'none' {
  const from = messages.findIndex(({ info }) => reply.owns(info.id))
  if (from < 0) return 'none'
  const since = messages.slice(from)
  const newest = since.at(-1)
  const answer = since.findLast(({ info }) => info.role === 'assistant')
  if (newest === undefined) return 'none'
  if (answer === undefined) return reply.owns(newest.info.id) ? 'ours' : 'theirs'
  if (!reply.owns(answer.info.id)) return 'theirs'
  const isOpen = answer.info.role === 'assistant' && answer.info.time.completed === undefined
  const { state } = reply.outcome()
  const hasEnded = !isOpen && (state === 'completed' || state === 'failed')
  return hasEnded && !reply.owns(newest.info.id) ? 'theirs' : 'ours'
}
