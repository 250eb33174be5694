import type { TracingChannel } from 'node:diagnostics_channel'
import type { Traced } from './channels.js'

/**
 * Does something between the events of a channel. Node's own `tracePromise` would also publish the result and the error
 * object, which hold what was said; here only `context` is published.
 */
export async function trace<Context extends Traced, Result>(
  channel: TracingChannel<Context, Context>,
  context: Context,
  run: () => Promise<Result>,
): Promise<Result> {
  if (!channel.hasSubscribers) return await run()
  return await channel.start.runStores(context, async () => {
    try {
      const running = run()
      channel.end.publish(context)
      return await running
    } catch (error) {
      context.errorCode = toErrorCode(error)
      throw error
    } finally {
      publishEnd(channel, context)
    }
  })
}

/** Something that was seen to begin: it is no call of ours that could be waited for. */
export function publishStart<Context extends Traced>(
  channel: TracingChannel<Context, Context>,
  context: Context,
): void {
  channel.start.publish(context)
  channel.end.publish(context)
}

/** It was seen to end. */
export function publishEnd<Context extends Traced>(
  channel: TracingChannel<Context, Context>,
  context: Context,
): void {
  if (context.errorCode !== undefined) channel.error.publish(context)
  channel.asyncStart.publish(context)
  channel.asyncEnd.publish(context)
}

/** Codes and names are short words; anything else may be a message. */
const word = /^[\w.-]{1,64}$/

/** An error's code where it has one. */
export function toErrorCode(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown }
  for (const each of [code, name]) {
    if (typeof each === 'string' && each !== 'Error' && word.test(each)) return each
  }
  return 'unknown'
}
