import type { TracingChannel } from 'node:diagnostics_channel'

import type { TraceErrorCode } from '../channels.js'
import { WireError } from '../errors.js'

interface Traced {
  errorCode?: TraceErrorCode
}

/**
 * Runs an operation between the events of a channel. Node's own `tracePromise` would also publish the
 * result and the error object, which hold bodies; here only `context` is published.
 */
export async function trace<Context extends Traced, Result>(
  channel: TracingChannel<Context, Context>,
  context: Context,
  signal: AbortSignal | undefined,
  run: () => Promise<Result>,
): Promise<Result> {
  return await channel.start.runStores(context, async () => {
    try {
      const running = run()
      channel.end.publish(context)
      return await running
    } catch (error) {
      context.errorCode = toErrorCode(error, signal)
      channel.error.publish(context)
      throw error
    } finally {
      channel.asyncStart.publish(context)
      channel.asyncEnd.publish(context)
    }
  })
}

export function toErrorCode(error: unknown, signal: AbortSignal | undefined): TraceErrorCode {
  if (WireError.is(error)) return error.code
  return signal?.aborted === true && error === signal.reason ? 'aborted' : 'invalid_call'
}
