/**
 * OpenTelemetry for Turnstead: spans and metrics from the tracing channels of its packages, by the GenAI conventions.
 *
 * ```ts
 * const stop = instrument()
 * await runTurn({ client, store, traceContext, conversationId, turnId, prompt })
 * ```
 *
 * @packageDocumentation
 */
import { metrics, trace, type Meter, type Tracer } from '@opentelemetry/api'

import { followAgents } from './agent.js'
import { followArtifacts } from './artifacts.js'
import { followAsks } from './ask.js'
import { followChat } from './chat.js'
import { createFollow } from './follow-channel.js'
import { followOutbox } from './outbox.js'
import { followSession } from './session.js'
import { followTools } from './tool.js'
import { followTurn } from './turn.js'
import { version } from './version.js'
import { followWire } from './wire.js'

export { traceContext } from './trace-context.js'

/** Where spans and metrics go. */
export interface InstrumentOptions {
  /** Default: the tracer `@turnstead/otel` of the global provider. */
  readonly tracer?: Tracer
  /** Default: the meter `@turnstead/otel` of the global provider. */
  readonly meter?: Meter
}

const name = '@turnstead/otel'

const parts = [
  followWire,
  followSession,
  followTurn,
  followAgents,
  followChat,
  followTools,
  followAsks,
  followArtifacts,
  followOutbox,
]

/**
 * Makes spans and metrics of what the packages of Turnstead in this process tell on their tracing channels; turns that run already are
 * left out. Ids, names, codes, counts and times only, never what is said. The returned function stops it; spans that are open then never
 * end. Call it once, and before it register the providers.
 *
 * @throws TypeError for what is no tracer, no meter, or no option.
 *
 * @example
 * const stop = instrument()
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  assertOptions(options)
  const tracer = options.tracer ?? trace.getTracer(name, version)
  const meter = options.meter ?? metrics.getMeter(name, version)
  const stops: (() => void)[] = []
  const follow = createFollow({ tracer, meter }, stops)
  for (const part of parts) part(follow, meter)
  return () => {
    for (const stop of stops.splice(0)) stop()
  }
}

/** A provider in the place of its tracer would fail within the first turn. */
function assertOptions(options: InstrumentOptions): void {
  for (const name of Object.keys(options)) {
    if (name === 'tracer' || name === 'meter') continue
    throw new TypeError(
      `\`instrument\` has no option ${JSON.stringify(name)}; it has \`tracer\`, \`meter\``,
    )
  }
  const { tracer, meter } = options
  if (tracer !== undefined && typeof tracer.startSpan !== 'function') {
    throw new TypeError('`tracer` must be a tracer, such as `provider.getTracer(name)`')
  }
  if (meter !== undefined && typeof meter.createHistogram !== 'function') {
    throw new TypeError('`meter` must be a meter, such as `provider.getMeter(name)`')
  }
}
