import {
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type Attributes,
  type Histogram,
  type Meter,
} from '@opentelemetry/api'
import type { AgentTrace, TurnTrace } from '@turnstead/turn'

import { present, tokenAttributes } from './attributes.js'
import type { Follow, Placement } from './follow-channel.js'
import { boundaries, genAi, genAiMetrics, operations, toProviderName } from './genai.js'
import { ofTurn, times, withName } from './of-turn.js'
import { currentContext, parseTraceparent } from './trace-context.js'

/** The agent of a turn and its sub-agents, by the GenAI conventions. */
export function followAgents(follow: Follow, meter: Meter): void {
  const agents = meter.createHistogram(genAiMetrics.agentDuration, {
    unit: 's',
    advice: { explicitBucketBoundaries: [...boundaries.longSeconds] },
  })
  followMain(follow, meter, agents)
  followSubAgents(follow, agents)
}

function followMain(follow: Follow, meter: Meter, agents: Histogram): void {
  const firstTokens = meter.createHistogram('turnstead.turn.time_to_first_token', {
    unit: 's',
    advice: { explicitBucketBoundaries: [...boundaries.seconds] },
  })
  follow<TurnTrace>({
    channel: 'turnstead:turn:turn',
    name: ({ agent }) => withName(operations.agent, agent),
    kind: SpanKind.CLIENT,
    placed: placeTurn,
    atStart: (turn) =>
      present({
        ...ofTurn(turn),
        [genAi.operation]: operations.agent,
        ...asked(turn),
        'turnstead.owner': turn.owner,
        'turnstead.fence': turn.fence,
        'turnstead.resumed': turn.isResumed,
      }),
    atEnd: (turn) => ({
      ...present({
        'turnstead.status': turn.status,
        'turnstead.ending': turn.ending,
        'turnstead.session.id': turn.sessionId,
        'turnstead.prompt.id': turn.promptId,
        'turnstead.reruns': turn.reruns,
        'turnstead.cost': turn.cost,
        'turnstead.time_to_first_token_ms': turn.timeToFirstTokenMs,
      }),
      ...tokenAttributes(turn.tokens),
    }),
    measure(turn, duration, failed) {
      const { timeToFirstTokenMs: firstMs = null } = turn
      const attributes = { [genAi.operation]: operations.agent, ...asked(turn) }
      agents.record(duration, {
        ...present({ ...attributes, 'turnstead.status': turn.status }),
        ...failed,
      })
      if (firstMs !== null) firstTokens.record(firstMs / 1_000, present(attributes))
    },
  })
}

function followSubAgents(follow: Follow, agents: Histogram): void {
  follow<AgentTrace>({
    channel: 'turnstead:turn:agent',
    name: ({ name }) => withName(operations.agent, name),
    partOf: ({ tool, agent, turn }) => tool ?? agent ?? turn,
    times,
    atStart: ({ name, sessionId, turn }) =>
      present({
        ...ofTurn(turn),
        [genAi.operation]: operations.agent,
        [genAi.provider]: 'opencode',
        [genAi.agentName]: name,
        'turnstead.session.id': sessionId,
      }),
    atEnd: (agent) => ({
      ...present({ [genAi.agentName]: agent.name, 'turnstead.steps': agent.steps }),
      'turnstead.cost': agent.cost,
      ...tokenAttributes(agent.tokens),
    }),
    measure: ({ name }, duration, failed) =>
      agents.record(duration, {
        ...present({
          [genAi.operation]: operations.agent,
          [genAi.provider]: 'opencode',
          [genAi.agentName]: name,
        }),
        ...failed,
      }),
  })
}

/** A turn goes on in the trace in which it began, and names the one in which it was taken up again. */
function placeTurn({ traceparent }: TurnTrace): Placement | null {
  const began = parseTraceparent(traceparent)
  const context = currentContext()
  const current = trace.getSpanContext(context)
  if (began === null || began.spanId === current?.spanId) return null
  const isOther = current !== undefined && current.traceId !== began.traceId
  return {
    context: trace.setSpanContext(ROOT_CONTEXT, began),
    links: isOther ? [{ context: current }] : [],
  }
}

function asked({ agent, model, provider }: TurnTrace): Attributes {
  return present({
    [genAi.provider]: provider === null ? 'opencode' : toProviderName(provider),
    [genAi.agentName]: agent,
    [genAi.requestModel]: model,
  })
}
