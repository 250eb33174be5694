import { tracingChannel, type TracingChannelSubscribers } from 'node:diagnostics_channel'

import {
  diag,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Meter,
  type Span,
  type Tracer,
} from '@opentelemetry/api'

import { genAi } from './genai.js'
import { currentContext, here, hereOf, type Here } from './trace-context.js'

/** Where spans and metrics go. */
export interface Telemetry {
  readonly tracer: Tracer
  readonly meter: Meter
}

/** What every operation may say in the end. */
interface Traced {
  errorCode?: string | undefined
}

/** Where a span is put. */
export interface Placement {
  readonly context: Context
  readonly links?: Link[]
}

/** How the operations of one channel become spans and metrics. */
export interface Operation<Subject extends Traced> {
  readonly channel: string
  readonly name: (subject: Subject) => string
  /** Default: internal. */
  readonly kind?: SpanKind
  /** The operation that it is part of, if that says so. Default: what is at work where it begins. */
  readonly partOf?: (subject: Subject) => object | null
  /** Where it belongs, when that is neither. */
  readonly placed?: (subject: Subject) => Placement | null
  /** False for what is only measured. Default: always. */
  readonly hasSpan?: (subject: Subject) => boolean
  readonly atStart: (subject: Subject) => Attributes
  readonly atEnd: (subject: Subject) => Attributes
  /** When it happened, in milliseconds since the epoch, for what was observed. Default: when it is told. */
  readonly times?: (subject: Subject) => {
    readonly start: number
    readonly end: number | undefined
  }
  readonly measure: (subject: Subject, seconds: number, failed: Attributes) => void
}

/** Follows a channel until the result is called. */
export type Follow = <Subject extends Traced>(operation: Operation<Subject>) => void

interface Begun {
  readonly span: Span | null
  readonly at: number
}

/** @param stops - Receives what ends each following. */
export function createFollow({ tracer }: Telemetry, stops: (() => void)[]): Follow {
  /** Kept after their end: what is observed late is still part of them. */
  const begun = new WeakMap<object, Begun>()

  const placeOf = <Subject extends Traced>(
    { partOf, placed }: Operation<Subject>,
    subject: Subject,
  ): Placement => {
    const outer = partOf?.(subject) ?? null
    const span = outer === null ? null : (begun.get(outer)?.span ?? null)
    if (span !== null) return { context: trace.setSpan(currentContext(), span) }
    return placed?.(subject) ?? { context: currentContext() }
  }

  const startSpan = <Subject extends Traced>(
    operation: Operation<Subject>,
    subject: Subject,
  ): Span | null => {
    const { name, kind = SpanKind.INTERNAL, hasSpan, atStart, times } = operation
    if (hasSpan?.(subject) === false) return null
    const { context, links } = placeOf(operation, subject)
    const start = times?.(subject).start
    return tracer.startSpan(
      name(subject),
      {
        kind,
        attributes: atStart(subject),
        ...(links === undefined ? {} : { links }),
        ...(start === undefined ? {} : { startTime: new Date(start) }),
      },
      context,
    )
  }

  const begin = <Subject extends Traced>(
    operation: Operation<Subject>,
    subject: Subject,
  ): Begun => {
    const known = begun.get(subject)
    if (known !== undefined) return known
    const made = { span: startSpan(operation, subject), at: performance.now() }
    begun.set(subject, made)
    return made
  }

  const end = <Subject extends Traced>(operation: Operation<Subject>, subject: Subject): void => {
    const known = begun.get(subject)
    if (known === undefined) return
    const { errorCode } = subject
    const failed: Attributes = errorCode === undefined ? {} : { [genAi.error]: errorCode }
    const { start, end: endedAt } = operation.times?.(subject) ?? {}
    const isObserved = start !== undefined && endedAt !== undefined
    const seconds = (isObserved ? endedAt - start : performance.now() - known.at) / 1_000
    if (known.span !== null) {
      known.span.setAttributes({ ...operation.atEnd(subject), ...failed })
      if (errorCode !== undefined) known.span.setStatus({ code: SpanStatusCode.ERROR })
      known.span.end(isObserved ? new Date(endedAt) : undefined)
    }
    operation.measure(subject, seconds, failed)
  }

  return <Subject extends Traced>(operation: Operation<Subject>) => {
    const channel = tracingChannel<Here | undefined, Subject>(operation.channel)
    const subscribers: TracingChannelSubscribers<Subject> = {
      start: (subject) => guarded(() => void begin(operation, subject)),
      end: () => {},
      asyncStart: () => {},
      asyncEnd: (subject) => guarded(() => end(operation, subject)),
      error: () => {},
    }
    // What begins inside an operation that is waited for belongs to it; with nothing of its own it is where it was.
    channel.start.bindStore(here, (subject) => {
      const span = guarded(() => begin(operation, subject).span) ?? null
      return span === null ? here.getStore() : hereOf(span)
    })
    channel.subscribe(subscribers)
    stops.push(() => {
      channel.unsubscribe(subscribers)
      channel.start.unbindStore(here)
    })
  }
}

/** What fails here is a fault of the telemetry, and no concern of who is observed. */
function guarded<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch (error) {
    diag.error('@turnstead/otel', error)
    return undefined
  }
}
