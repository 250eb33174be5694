import type { Reply, ReplyObserver, ToolPart } from '@turnstead/reply'
import { type AgentTrace, channels, type ToolTrace, type TurnTrace } from './channels.js'
import { type Observed, observed } from './observed.js'
import type { Times } from './times.js'

/** What is needed to observe the tools of a turn. */
export interface ToolObservation {
  readonly turn: TurnTrace
  readonly times: Times
  readonly agentOf: (sessionId: string) => AgentTrace | null
  readonly ended: (tool: ToolTrace) => void
}

/** The calls of a reply. */
export interface ToolTraces {
  readonly observer: ReplyObserver
  readonly open: Observed<ToolTrace>
  /** The call with this part id, if it was seen to run. */
  get(partId: string): ToolTrace | undefined
  /** Takes up those that run already. */
  begin(): void
}

/** Reports the calls of tools from when they run. */
export function observeTools(
  reply: Reply,
  { turn, times, agentOf, ended }: ToolObservation,
): ToolTraces {
  const open = observed(channels.tool, (tool) => (tool.status = 'interrupted'))
  const traces = new Map<string, ToolTrace>()
  const over = new Set<string>()

  const begin = (part: ToolPart): ToolTrace => {
    const tool: ToolTrace = {
      turn,
      sessionId: part.sessionId,
      agent: agentOf(part.sessionId),
      messageId: part.messageId,
      callId: part.callId,
      tool: part.tool,
      status: 'running',
      startedAt: times.of(part.startedAt),
    }
    traces.set(part.id, tool)
    open.begin(part.id, tool)
    return tool
  }

  const seen = (part: ToolPart): void => {
    if (part.status === 'pending' || over.has(part.id)) return
    const tool = traces.get(part.id) ?? begin(part)
    if (part.status === 'running') return
    over.add(part.id)
    if (open.get(part.id) === undefined) return
    tool.status = part.status
    open.end(part.id, times.of(part.endedAt), errorOf(part))
    ended(tool)
  }

  return {
    open,
    get: (partId) => traces.get(partId),
    begin() {
      const { parts, children } = reply.view()
      for (const part of [parts, ...children.map((child) => child.parts)].flat()) {
        if (part.kind !== 'tool') continue
        if (part.status === 'running') seen(part)
        else if (part.status !== 'pending') over.add(part.id)
      }
    },
    observer: {
      partAdded({ part }) {
        if (part.kind === 'tool') seen(part)
      },
      toolProgressed: ({ part }) => seen(part),
    },
  }
}

function errorOf({ status }: ToolPart): string | undefined {
  if (status === 'error') return 'tool_error'
  return status === 'interrupted' ? status : undefined
}
