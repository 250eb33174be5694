import { ROOT_CONTEXT, SpanKind, type Meter } from '@opentelemetry/api'
import type { PromptTrace, RequestTrace, StreamTrace } from '@turnstead/wire'

import { present } from './attributes.js'
import type { Follow } from './follow-channel.js'
import { boundaries } from './genai.js'

/** Requests, stream connections and sends of the client. */
export function followWire(follow: Follow, meter: Meter): void {
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: [...boundaries.seconds] } }
  const requests = meter.createHistogram('turnstead.wire.request.duration', seconds)
  const streams = meter.createHistogram('turnstead.wire.stream.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: [...boundaries.longSeconds] },
  })
  const prompts = meter.createHistogram('turnstead.wire.prompt.duration', seconds)

  follow<RequestTrace>({
    channel: 'turnstead:wire:request',
    name: ({ method, route }) => `${method} ${route}`,
    kind: SpanKind.CLIENT,
    atStart: ({ method, route, sessionId }) =>
      present({
        'http.request.method': method,
        'url.template': route,
        'turnstead.session.id': sessionId,
      }),
    atEnd: ({ status, delivered }) =>
      present({ 'http.response.status_code': status, 'turnstead.delivered': delivered }),
    measure: ({ method, route, status }, duration, failed) =>
      requests.record(duration, {
        ...present({
          'http.request.method': method,
          'url.template': route,
          'http.response.status_code': status,
        }),
        ...failed,
      }),
  })

  follow<StreamTrace>({
    channel: 'turnstead:wire:stream',
    name: ({ route }) => `stream ${route}`,
    kind: SpanKind.CLIENT,
    // A connection is shared, and outlives the turn that happened to open it.
    placed: () => ({ context: ROOT_CONTEXT }),
    atStart: ({ route, failures }) => ({ 'url.template': route, 'turnstead.failures': failures }),
    atEnd: ({ isReady }) => ({ 'turnstead.ready': isReady }),
    measure: ({ route }, duration, failed) =>
      streams.record(duration, { 'url.template': route, ...failed }),
  })

  follow<PromptTrace>({
    channel: 'turnstead:wire:prompt',
    name: () => 'send prompt',
    kind: SpanKind.CLIENT,
    atStart: ({ sessionId, messageId }) => ({
      'turnstead.session.id': sessionId,
      'turnstead.prompt.id': messageId,
    }),
    atEnd: ({ delivered, evidence, sends }) =>
      present({
        'turnstead.delivered': delivered,
        'turnstead.evidence': evidence,
        'turnstead.sends': sends,
      }),
    measure: ({ delivered }, duration, failed) =>
      prompts.record(duration, { ...present({ 'turnstead.delivered': delivered }), ...failed }),
  })
}
