import type { Ask, Reply, ReplyPart } from '@turnstead/reply'

/** A call of a tool. */
export type ToolPart = Extract<ReplyPart, { kind: 'tool' }>

/**
 * The call that asks, of the agent or of a sub-agent; null when none does, or the reply does not have it. The id of the call alone does not
 * tell: there are models that number the calls of each message from the beginning.
 */
export function callOf(reply: Reply, { callId, messageId }: Ask): ToolPart | null {
  if (callId === null) return null
  const isCall = (part: ReplyPart): part is ToolPart =>
    part.kind === 'tool' &&
    part.callId === callId &&
    (messageId === null || part.messageId === messageId)
  const own = reply.parts.find(isCall)
  if (own !== undefined) return own
  for (const child of reply.view().children) {
    const theirs = child.parts.find(isCall)
    if (theirs !== undefined) return theirs
  }
  return null
}
