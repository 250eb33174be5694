import type { Reply } from '@turnstead/reply'
import type { ToolTrace, TurnTrace } from './channels.js'
import { observeAgents } from './observe-agents.js'
import { type AskObservation, observeAsks } from './observe-asks.js'
import { observeSteps } from './observe-steps.js'
import { observeTools } from './observe-tools.js'
import { createTimes } from './times.js'

/** What is reported of one reply. */
export interface ReplyTracing {
  /** Ends what is open. */
  close(): void
}

/**
 * Reports the steps, tools, sub-agents and asks of a reply to the channels, from events and polls alike. What an earlier worker had
 * seen end is not reported again.
 */
export function observeReply(
  reply: Reply,
  {
    turn,
    wall,
    decidedBy,
  }: {
    readonly turn: TurnTrace
    readonly wall: () => number
    readonly decidedBy: AskObservation['decidedBy']
  },
): ReplyTracing {
  const times = createTimes(wall)
  const agents = observeAgents({ turn, times }, reply, (partId) => tools.get(partId))
  const agentOf = (sessionId: string): ReturnType<typeof agents.of> => agents.of(sessionId)

  const ended = (tool: ToolTrace): void => {
    for (const sessionId of agents.startedBy(tool)) {
      // One that goes on in the background ends by its own session.
      if (!steps.isOpenIn(sessionId)) agents.ended(sessionId)
    }
  }
  const tools = observeTools(reply, { turn, times, agentOf, ended })
  const begins = (sessionId: string, now: number): void => tools.open.interrupt(now, sessionId)
  const { observer, steps } = observeSteps(reply, { turn, times, agents, begins })
  tools.begin()
  const asks = observeAsks(reply, { turn, times, agentOf, decidedBy })
  const leave = [observer, tools.observer, agents.observer, asks.observer].map((each) =>
    reply.observe(each),
  )
  return {
    close() {
      for (const each of leave) each()
      const now = times.now()
      asks.close()
      tools.open.interrupt(now)
      steps.interrupt(now)
      agents.close()
    },
  }
}
