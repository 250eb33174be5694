import { AsyncLocalStorage } from 'node:async_hooks'

import {
  context as contexts,
  trace,
  TraceFlags,
  type Context,
  type Span,
  type SpanContext,
} from '@opentelemetry/api'

/** A span of ours that is at work here, and which span of the host's was active when it began. */
export interface Here {
  readonly span: Span
  readonly active: Span | undefined
}

/**
 * Where an operation of ours is at work. The active context of OpenTelemetry cannot be set by who only listens, so spans of the
 * host's own that begin inside are no children of ours.
 */
export const here: AsyncLocalStorage<Here | undefined> = new AsyncLocalStorage<Here | undefined>()

/** What is stored while a span of ours is at work. */
export function hereOf(span: Span): Here {
  return { span, active: trace.getActiveSpan() }
}

/** The context in which something begins now: in our span, unless the host has begun one since. */
export function currentContext(): Context {
  const active = contexts.active()
  const store = here.getStore()
  return store !== undefined && store.active === trace.getActiveSpan()
    ? trace.setSpan(active, store.span)
    : active
}

/**
 * The W3C `traceparent` of what is going on, for `traceContext` of `runTurn`: of the host's active span, else of the claim of the
 * turn that is under way; null when nothing is traced.
 *
 * @example
 * await runTurn({ client, store, traceContext, conversationId, turnId, prompt })
 */
export function traceContext(): string | null {
  const span = trace.getActiveSpan() ?? here.getStore()?.span
  return span === undefined ? null : formatTraceparent(span.spanContext())
}

function formatTraceparent(span: SpanContext): string | null {
  if (!trace.isSpanContextValid(span)) return null
  const flags = (span.traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0')
  return `00-${span.traceId}-${span.spanId}-${flags}`
}

const pattern = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/

/** The remote span that a `traceparent` names; null when it names none. */
export function parseTraceparent(traceparent: string | null): SpanContext | null {
  const [, traceId = '', spanId = '', flags = ''] = pattern.exec(traceparent ?? '') ?? []
  const span = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return trace.isSpanContextValid(span) ? span : null
}
