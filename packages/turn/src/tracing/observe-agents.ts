import type { ChangeOf, Reply, ReplyObserver } from '@turnstead/reply'
import { type AgentTrace, channels, type ToolTrace, type TurnTrace } from './channels.js'
import { observed } from './observed.js'
import type { Times } from './times.js'

type Child = Pick<ChangeOf<'child-changed'>, 'parentSessionId' | 'toolPartId' | 'agent'>

/** The sub-agents of a reply. */
export interface Agents {
  /** The sub-agent whose session this is, at work from now on; null for the reply's own session. */
  of(sessionId: string): AgentTrace | null
  readonly observer: ReplyObserver
  stepped(agent: AgentTrace, step: Pick<AgentTrace, 'cost' | 'tokens'>): void
  /** It is over, if it has begun. */
  ended(sessionId: string): void
  /** Those at work that this call started. */
  startedBy(tool: ToolTrace): readonly string[]
  close(): void
}

const noTokens = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 }

/** @param toolOf - The call with this part id, if it was seen. */
export function observeAgents(
  { turn, times }: { readonly turn: TurnTrace; readonly times: Times },
  reply: Reply,
  toolOf: (partId: string) => ToolTrace | undefined,
): Agents {
  const children = new Map<string, Child>(
    reply.view().children.map((child) => [child.sessionId, child]),
  )
  const open = observed(channels.agent)

  const of = (sessionId: string): AgentTrace | null => {
    const known = open.get(sessionId)
    if (known !== undefined || sessionId === reply.sessionId) return known ?? null
    const child = children.get(sessionId)
    const { toolPartId = null, parentSessionId = null } = child ?? {}
    const agent: AgentTrace = {
      turn,
      sessionId,
      agent: parentSessionId === null ? null : of(parentSessionId),
      tool: (toolPartId === null ? undefined : toolOf(toolPartId)) ?? null,
      name: child?.agent ?? null,
      startedAt: times.now(),
      steps: 0,
      cost: 0,
      tokens: noTokens,
    }
    open.begin(sessionId, agent)
    return agent
  }

  return {
    of,
    observer: {
      childChanged({ sessionId, ...child }) {
        children.set(sessionId, child)
        const known = open.get(sessionId)
        if (known !== undefined) known.name = child.agent
      },
      statusChanged({ sessionId, status }) {
        if (status === 'idle' || status === 'deleted') open.end(sessionId, times.now())
      },
    },
    stepped(agent, { cost, tokens }) {
      agent.steps += 1
      agent.cost += cost
      agent.tokens = {
        input: agent.tokens.input + tokens.input,
        output: agent.tokens.output + tokens.output,
        reasoning: agent.tokens.reasoning + tokens.reasoning,
        cacheRead: agent.tokens.cacheRead + tokens.cacheRead,
        cacheWrite: agent.tokens.cacheWrite + tokens.cacheWrite,
      }
    },
    ended: (sessionId) => open.end(sessionId, times.now()),
    startedBy: (tool) =>
      [...children.keys()].filter((sessionId) => open.get(sessionId)?.tool === tool),
    close: () => open.interrupt(times.now()),
  }
}
