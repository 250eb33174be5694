import type { Reply } from '@turnstead/reply'
import type { TurnSetup } from '../options.js'
import type { Lease, TurnRecord } from '../ports.js'
import { type Prompt, splitModel } from '../prompt.js'
import { channels, type TurnTrace } from './channels.js'
import type { AskDecidedBy } from './observe-asks.js'
import { observeReply, type ReplyTracing } from './observe-reply.js'

/** What one run of a turn tells the tracing channels. */
export interface RunTracing {
  /** The run's own context, which the others refer to. */
  readonly turn: TurnTrace
  /** Reports what the agent does in this reply, in place of the one before. Nothing is done without a subscriber. */
  follow(reply: Reply): void
  /** Someone has decided an ask. */
  decided(askId: string, decidedBy: AskDecidedBy): void
  /** Ends what is open. */
  close(): void
}

export function createRunTracing(
  setup: TurnSetup,
  {
    lease,
    turn: record,
    input,
  }: { readonly lease: Lease; readonly turn: TurnRecord; readonly input: Prompt | null },
): RunTracing {
  const { conversationId, owner, turnId } = lease
  const { prompt, trace = null } = record
  const turn: TurnTrace = {
    turnId,
    conversationId,
    owner,
    fence: lease.fence,
    isResumed: prompt !== null,
    traceparent: trace,
    agent: input?.agent ?? setup.session.agent ?? null,
    ...askedModel(input?.model ?? setup.session.model),
    sessionId: prompt?.sessionId ?? null,
    promptId: prompt?.id ?? null,
  }
  const decisions = new Map<string, AskDecidedBy>()
  let following: ReplyTracing | null = null
  return {
    turn,
    follow(reply) {
      following?.close()
      turn.promptId = reply.promptId
      following = hasObservers()
        ? observeReply(reply, {
            turn,
            wall: () => setup.clock.wall(),
            decidedBy: (askId) => decisions.get(askId),
          })
        : null
    },
    decided(askId, decidedBy) {
      if (following !== null) decisions.set(askId, decidedBy)
    },
    close() {
      following?.close()
      following = null
    },
  }
}

function hasObservers(): boolean {
  const { agent, ask, step, tool } = channels
  return [agent, ask, step, tool].some(({ hasSubscribers }) => hasSubscribers)
}

type Model = NonNullable<Prompt['model']> | NonNullable<TurnSetup['session']['model']>

function askedModel(model: Model | undefined): Pick<TurnTrace, 'provider' | 'model'> {
  if (model === undefined) return { provider: null, model: null }
  if (typeof model === 'string') {
    const [provider, name] = splitModel(model)
    return { provider, model: name }
  }
  return { provider: model.providerID, model: 'id' in model ? model.id : model.modelID }
}
