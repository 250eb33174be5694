import type { MessageRecord, Reply, ReplyObserver } from '@turnstead/reply'
import type { Agents } from './observe-agents.js'
import { channels, type StepTrace, type TurnTrace } from './channels.js'
import { type Observed, observed } from './observed.js'
import type { Times } from './times.js'

/** What is needed to observe the steps of a turn. */
export interface StepObservation {
  readonly turn: TurnTrace
  readonly times: Times
  readonly agents: Agents
  /** The model of this session is asked again: nothing of what it had asked for runs any more. */
  readonly begins: (sessionId: string, now: number) => void
}

/** Reports the steps of a reply from those on that are open at the start. */
export function observeSteps(
  reply: Reply,
  { turn, times, agents, begins }: StepObservation,
): { readonly observer: ReplyObserver; readonly steps: Observed<StepTrace> } {
  const steps = observed(channels.step)
  const messages = new Map<string, MessageRecord>()
  /** Messages whose step was begun or was over before. */
  const known = new Set<string>()
  /** Messages in which the model began to answer. */
  const answering = new Set<string>()

  const begin = (message: MessageRecord, startedAt: number): void => {
    const { id, sessionId, agent, providerId, modelId } = message
    const now = times.now()
    steps.interrupt(now, sessionId)
    begins(sessionId, now)
    steps.begin(id, {
      turn,
      sessionId,
      agent: agents.of(sessionId),
      messageId: id,
      agentName: agent,
      provider: providerId,
      model: modelId,
      startedAt,
    })
  }

  const seen = (message: MessageRecord): void => {
    const { id, error, completedAt, createdAt, modelId, providerId } = message
    messages.set(id, message)
    if (!known.has(id)) begin(message, times.of(createdAt))
    known.add(id)
    const step = steps.get(id)
    if (step === undefined) return
    step.provider = providerId
    step.model = modelId
    if (error !== null) steps.end(id, times.of(completedAt), error.name)
  }

  for (const message of reply.view().messages) {
    if (message.completedAt !== null || message.error !== null) known.add(message.id)
    else seen(message)
  }
  const observer: ReplyObserver = {
    messageChanged: ({ message }) => seen(message),
    messageRemoved: ({ messageId }) => steps.end(messageId, times.now(), 'interrupted'),
    partAdded({ part: { kind, messageId } }) {
      if (kind !== 'step-start') return
      const message = messages.get(messageId)
      // A second step of one message is another attempt.
      if (answering.has(messageId) && message !== undefined) begin(message, times.now())
      answering.add(messageId)
    },
    stepFinished({ part: { messageId, reason, cost, tokens } }) {
      const step = steps.get(messageId)
      if (step === undefined) return
      Object.assign(step, { finish: reason, cost, tokens })
      if (step.agent !== null) agents.stepped(step.agent, { cost, tokens })
      steps.end(messageId, times.of(messages.get(messageId)?.completedAt ?? null))
    },
  }
  return { observer, steps }
}
