import { SpanKind, type Attributes, type Meter } from '@opentelemetry/api'
import type { StepTrace } from '@turnstead/turn'

import { present, tokenAttributes, totals } from './attributes.js'
import type { Follow } from './follow-channel.js'
import { boundaries, genAi, genAiMetrics, operations, toProviderName } from './genai.js'
import { ofTurn, times, withName } from './of-turn.js'

/** Steps of models, by the GenAI conventions. */
export function followChat(follow: Follow, meter: Meter): void {
  const chats = meter.createHistogram(genAiMetrics.chatDuration, {
    unit: 's',
    advice: { explicitBucketBoundaries: [...boundaries.seconds] },
  })
  const cost = meter.createCounter('turnstead.cost', {
    description: 'What providers charge, in the currency in which OpenCode knows their prices.',
  })
  const tokens = meter.createHistogram(genAiMetrics.tokenUsage, {
    unit: '{token}',
    advice: { explicitBucketBoundaries: [...boundaries.tokens] },
  })

  follow<StepTrace>({
    channel: 'turnstead:turn:step',
    name: ({ model }) => withName(operations.chat, model),
    kind: SpanKind.CLIENT,
    partOf: ({ agent, turn }) => agent ?? turn,
    times,
    atStart: (step) =>
      present({
        ...ofTurn(step.turn),
        ...ofModel(step),
        [genAi.agentName]: step.agentName,
        [genAi.responseId]: step.messageId,
        'turnstead.session.id': step.sessionId,
      }),
    atEnd: (step) => ({
      ...present({
        ...ofModel(step),
        [genAi.responseModel]: step.model,
        [genAi.finishReasons]: typeof step.finish === 'string' ? [step.finish] : undefined,
        'turnstead.cost': step.cost,
      }),
      ...tokenAttributes(step.tokens),
    }),
    measure(step, duration, failed) {
      const attributes = present({ ...ofModel(step), [genAi.responseModel]: step.model })
      chats.record(duration, { ...attributes, ...failed })
      if (step.cost !== undefined) cost.add(step.cost, attributes)
      if (step.tokens === undefined) return
      for (const [type, count] of Object.entries(totals(step.tokens))) {
        tokens.record(count, { ...attributes, [genAi.tokenType]: type })
      }
    },
  })
}

function ofModel({ model, provider }: StepTrace): Attributes {
  return present({
    [genAi.operation]: operations.chat,
    [genAi.provider]: provider === null ? undefined : toProviderName(provider),
    [genAi.requestModel]: model,
  })
}
