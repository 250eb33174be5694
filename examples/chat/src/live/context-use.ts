import type { Reply } from '@turnstead/reply'

/** What of its model's context a conversation took with one answer. */
export interface ContextUse {
  /** As `provider/model`. */
  readonly model: string
  readonly tokens: number
}

/** By the last message that a model has written and counted; null where there is none. Sub-agents have a context of their own. */
export function contextUseOf(reply: Reply): ContextUse | null {
  for (const message of reply.view().messages.toReversed()) {
    const { sessionId, providerId, modelId, summary, tokens } = message
    if (sessionId !== reply.sessionId || summary) continue
    const { input, output, reasoning, cacheRead, cacheWrite } = tokens
    const sum = input + output + reasoning + cacheRead + cacheWrite
    if (sum === 0 || providerId === null || modelId === null) continue
    return { model: `${providerId}/${modelId}`, tokens: sum }
  }
  return null
}
