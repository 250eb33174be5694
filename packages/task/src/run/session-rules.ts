import type { Rule } from '../host-tools/offer.js'
import type { AgentClient } from '../agent-client.js'

const requestMs = 10_000

/**
 * Gives a session that is continued the rules for the host tools of now: it was begun with those of then, by which a new tool would be
 * denied, and one that has to be approved since would not be asked. Rules are appended, and the last one that matches counts (measured
 * on 1.18.33).
 */
export async function bringRules(
  { session }: Pick<AgentClient, 'session'>,
  sessionId: string,
  { rules, signal }: { readonly rules: readonly Rule[]; readonly signal: AbortSignal },
): Promise<void> {
  const limits = { timeoutMs: requestMs, signal }
  const { permission = [] } = await session.get(sessionId, limits)
  const last = permission.slice(-rules.length)
  const isSame = rules.every(({ action, pattern, permission: name }, index) => {
    const own = last[index]
    return own?.permission === name && own.pattern === pattern && own.action === action
  })
  if (isSame) return
  await session.update(sessionId, { permission: [...rules] }, limits)
}
