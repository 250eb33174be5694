import type { Meter } from '@opentelemetry/api'
import type { ToolTrace } from '@turnstead/turn'

import { present } from './attributes.js'
import type { Follow } from './follow-channel.js'
import { boundaries, genAi, genAiMetrics, operations } from './genai.js'
import { ofTurn, times, withName } from './of-turn.js'

/** Calls of tools, by the GenAI conventions. */
export function followTools(follow: Follow, meter: Meter): void {
  const tools = meter.createHistogram(genAiMetrics.toolDuration, {
    unit: 's',
    advice: { explicitBucketBoundaries: [...boundaries.seconds] },
  })

  follow<ToolTrace>({
    channel: 'turnstead:turn:tool',
    name: ({ tool }) => withName(operations.tool, tool),
    partOf: ({ agent, turn }) => agent ?? turn,
    times,
    atStart: ({ turn, tool, callId, sessionId }) =>
      present({
        ...ofTurn(turn),
        [genAi.operation]: operations.tool,
        [genAi.toolName]: tool,
        [genAi.toolCallId]: callId,
        [genAi.toolType]: 'function',
        'turnstead.session.id': sessionId,
      }),
    atEnd: ({ status }) => ({ 'turnstead.status': status }),
    measure: ({ tool }, duration, failed) =>
      tools.record(duration, {
        [genAi.operation]: operations.tool,
        [genAi.toolName]: tool,
        ...failed,
      }),
  })
}
