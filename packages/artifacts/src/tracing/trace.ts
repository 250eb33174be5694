import type { TracingChannel } from 'node:diagnostics_channel'

import { channels, type PutTrace } from './channels.js'

interface Traced {
  errorCode?: string
}

/**
 * Does something between the events of a channel. Node's own `tracePromise` would also publish the result and the error
 * object, which name files; here only `context` is published.
 */
export async function trace<Context extends Traced, Result>(
  channel: TracingChannel<Context, Context>,
  context: Context,
  run: () => Promise<Result>,
): Promise<Result> {
  return await channel.start.runStores(context, async () => {
    try {
      const running = run()
      channel.end.publish(context)
      return await running
    } catch (error) {
      context.errorCode = toErrorCode(error)
      channel.error.publish(context)
      throw error
    } finally {
      channel.asyncStart.publish(context)
      channel.asyncEnd.publish(context)
    }
  })
}

/** Reports a `put` of the store with this name. */
export async function tracePut<Stored extends { readonly sizeBytes: number }>(
  store: string,
  put: () => Promise<Stored>,
): Promise<Stored> {
  if (!channels.put.hasSubscribers) return await put()
  const context: PutTrace = { store }
  return await trace(channels.put, context, async () => {
    const stat = await put()
    context.sizeBytes = stat.sizeBytes
    return stat
  })
}

/** Codes and names are short words; anything else may be a message. */
const word = /^[\w.-]{1,64}$/

function toErrorCode(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown }
  for (const each of [code, name]) {
    if (typeof each === 'string' && each !== 'Error' && word.test(each)) return each
  }
  return 'unknown'
}
