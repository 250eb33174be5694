import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'
import type { Attributes } from '@opentelemetry/api'

import { instrument } from '../../src/index.js'

/** The real SDK with its exporters in memory, and our package on it. */
export interface Telemetry {
  readonly spans: BasicTracerProvider
  readonly meters: MeterProvider
  /** Stops our package. */
  stop(): void
  finished(): readonly ReadableSpan[]
  named(name: string): readonly ReadableSpan[]
  /** The only span of this name. */
  one(name: string): ReadableSpan
  /** Name of the span above. */
  parentOf(span: ReadableSpan): string | undefined
  /** Attributes of what was recorded, by the name of the metric. */
  recorded(): Promise<ReadonlyMap<string, readonly Attributes[]>>
  /** Everything that would leave the process, as text. */
  told(): Promise<string>
  reset(): void
  close(): Promise<void>
}

export function openTelemetry(): Telemetry {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const spanExporter = new InMemorySpanExporter()
  const spans = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] })
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const exportIntervalMillis = 3_600_000
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis,
  })
  const meters = new MeterProvider({ readers: [reader] })
  const stop = instrument({ tracer: spans.getTracer('test'), meter: meters.getMeter('test') })
  const finished = (): readonly ReadableSpan[] => spanExporter.getFinishedSpans()
  const named = (name: string): readonly ReadableSpan[] =>
    finished().filter((span) => span.name === name)
  return {
    spans,
    meters,
    stop,
    finished,
    named,
    one(name) {
      const [span, ...others] = named(name)
      if (span !== undefined && others.length === 0) return span
      const names = finished().map((each) => each.name)
      throw new Error(`not one span ${name} among: ${names.join(', ')}`)
    },
    parentOf: ({ parentSpanContext }) =>
      finished().find((each) => each.spanContext().spanId === parentSpanContext?.spanId)?.name,
    async recorded() {
      await meters.forceFlush()
      const metrics = metricExporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap((scope) => scope.metrics)
      return new Map(
        metrics.map(({ descriptor, dataPoints }) => [
          descriptor.name,
          dataPoints.map(({ attributes }) => attributes),
        ]),
      )
    },
    async told() {
      await meters.forceFlush()
      const said = finished().map(({ name, attributes, events, status, links }) => ({
        name,
        attributes,
        events,
        status,
        links,
      }))
      return JSON.stringify([said, metricExporter.getMetrics()])
    },
    reset: () => spanExporter.reset(),
    async close() {
      stop()
      await spans.shutdown()
      await meters.shutdown()
      context.disable()
    },
  }
}
