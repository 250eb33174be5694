/**
 * OpenTelemetry for `@turnstead/wire`: spans and metrics from its tracing channels.
 *
 *     const stop = instrumentWire()
 *
 * Spans carry routes with places instead of ids, the session id and error codes; no query, body,
 * credential or path of a file.
 */
import type { TracingChannel } from 'node:diagnostics_channel'

import {
  metrics,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Meter,
  type Span,
  type Tracer,
} from '@opentelemetry/api'

import { channels } from './channels.js'

/** Where spans and metrics go. */
export interface InstrumentOptions {
  /** Default: the global provider's tracer `@turnstead/wire`. */
  tracer?: Tracer
  /** Default: the global provider's meter `@turnstead/wire`. */
  meter?: Meter
}

interface Operation<Context> {
  readonly name: (context: Context) => string
  readonly kind: SpanKind
  readonly atStart: (context: Context) => Attributes
  readonly atEnd: (context: Context) => Attributes
  /** Seconds; the metric's attributes are those with few values. */
  readonly duration: string
  readonly metricAttributes: (context: Context) => Attributes
}

/**
 * Starts a span for each request, stream connection and `prompt.send`, and records their durations in
 * seconds (`turnstead.wire.request.duration`, `.stream.duration`, `.prompt.duration`). The returned
 * function stops it.
 *
 * @example
 * const stop = instrumentWire()
 */
export function instrumentWire(options: InstrumentOptions = {}): () => void {
  const tracer = options.tracer ?? trace.getTracer('@turnstead/wire')
  const meter = options.meter ?? metrics.getMeter('@turnstead/wire')
  const stops = [
    follow(tracer, meter, channels.request, {
      name: ({ method, route }) => `${method} ${route}`,
      kind: SpanKind.CLIENT,
      atStart: ({ method, route, sessionId }) => ({
        'http.request.method': method,
        'url.template': route,
        ...present('gen_ai.conversation.id', sessionId),
      }),
      atEnd: ({ status, delivered }) => ({
        ...present('http.response.status_code', status),
        ...present('turnstead.delivered', delivered),
      }),
      duration: 'turnstead.wire.request.duration',
      metricAttributes: ({ method, route, status }) => ({
        'http.request.method': method,
        'url.template': route,
        ...present('http.response.status_code', status),
      }),
    }),
    follow(tracer, meter, channels.stream, {
      name: ({ route }) => `stream ${route}`,
      kind: SpanKind.CLIENT,
      atStart: ({ route, failures }) => ({ 'url.template': route, 'turnstead.failures': failures }),
      atEnd: ({ isReady }) => ({ 'turnstead.ready': isReady }),
      duration: 'turnstead.wire.stream.duration',
      metricAttributes: ({ route }) => ({ 'url.template': route }),
    }),
    follow(tracer, meter, channels.prompt, {
      name: () => 'send prompt',
      kind: SpanKind.CLIENT,
      atStart: ({ sessionId, messageId }) => ({
        'gen_ai.conversation.id': sessionId,
        'turnstead.prompt.id': messageId,
      }),
      atEnd: ({ delivered, evidence, sends }) => ({
        ...present('turnstead.delivered', delivered),
        ...present('turnstead.evidence', evidence),
        ...present('turnstead.sends', sends),
      }),
      duration: 'turnstead.wire.prompt.duration',
      metricAttributes: ({ delivered }) => present('turnstead.delivered', delivered),
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

function follow<Context extends { errorCode?: string }>(
  tracer: Tracer,
  meter: Meter,
  channel: TracingChannel<Context, Context>,
  operation: Operation<Context>,
): () => void {
  const histogram = meter.createHistogram(operation.duration, { unit: 's' })
  const open = new WeakMap<Context, { readonly span: Span; readonly startedAt: number }>()
  const subscribers = {
    start: (context: Context) => {
      const { name, kind, atStart } = operation
      const span = tracer.startSpan(name(context), { kind, attributes: atStart(context) })
      open.set(context, { span, startedAt: performance.now() })
    },
    end: () => {},
    asyncStart: () => {},
    error: () => {},
    asyncEnd: (context: Context) => {
      const started = open.get(context)
      if (started === undefined) return
      const failed = present('error.type', context.errorCode)
      started.span.setAttributes({ ...operation.atEnd(context), ...failed })
      if (context.errorCode !== undefined) started.span.setStatus({ code: SpanStatusCode.ERROR })
      started.span.end()
      const seconds = (performance.now() - started.startedAt) / 1000
      histogram.record(seconds, { ...operation.metricAttributes(context), ...failed })
    },
  }
  channel.subscribe(subscribers)
  return () => {
    channel.unsubscribe(subscribers)
  }
}

function present(name: string, value: string | number | null | undefined): Attributes {
  return value === undefined || value === null ? {} : { [name]: value }
}
