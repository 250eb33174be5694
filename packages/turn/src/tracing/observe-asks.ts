import type { Ask, Reply, ReplyObserver } from '@turnstead/reply'
import {
  type AgentTrace,
  type AskDecider,
  type AskTrace,
  channels,
  type TurnTrace,
} from './channels.js'
import { observed } from './observed.js'
import type { Times } from './times.js'

/** Who has decided an ask, and by which rule. */
export interface AskDecidedBy {
  readonly by: AskDecider
  readonly rule: string | null
}

/** What is needed to observe the asks of a turn. */
export interface AskObservation {
  readonly turn: TurnTrace
  readonly times: Times
  readonly agentOf: (sessionId: string) => AgentTrace | null
  readonly decidedBy: (askId: string) => AskDecidedBy | undefined
}

/** Reports the asks of a reply, those that are open at the start included. */
export function observeAsks(
  reply: Reply,
  { turn, times, agentOf, decidedBy }: AskObservation,
): { readonly observer: ReplyObserver; readonly close: () => void } {
  const asks = observed(channels.ask)

  const opened = (ask: Ask): void => {
    asks.begin(ask.id, {
      turn,
      sessionId: ask.sessionId,
      agent: agentOf(ask.sessionId),
      askId: ask.id,
      kind: ask.kind,
      permission: ask.kind === 'permission' ? ask.permission : null,
      callId: ask.callId,
      decidedBy: null,
      rule: null,
      startedAt: times.of(ask.askedAt),
    })
  }

  const ended = (
    askId: string,
    outcome: NonNullable<AskTrace['outcome']>,
    endedAt: number,
  ): void => {
    const ask = asks.get(askId)
    if (ask === undefined) return
    const { by = null, rule = null } = decidedBy(askId) ?? {}
    const isDecided = outcome === 'answered' || outcome === 'rejected'
    ask.outcome = outcome
    ask.decidedBy = by ?? (isDecided ? 'elsewhere' : null)
    ask.rule = rule
    ask.waitMs = Math.max(0, endedAt - ask.startedAt)
    asks.end(askId, endedAt)
  }

  for (const ask of reply.asks) if (ask.state === 'open') opened(ask)
  return {
    observer: {
      askOpened: ({ ask }) => opened(ask),
      askResolved: ({ ask: { id, state, answeredAt } }) =>
        ended(id, state === 'rejected' ? state : 'answered', times.of(answeredAt)),
      askExpired: ({ ask }) => ended(ask.id, 'expired', times.now()),
      askWithdrawn: ({ askId }) => ended(askId, 'withdrawn', times.now()),
    },
    close() {
      const now = times.now()
      for (const ask of reply.asks) ended(ask.id, 'expired', now)
    },
  }
}
