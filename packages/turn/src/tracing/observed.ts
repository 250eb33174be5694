import type { TracingChannel } from 'node:diagnostics_channel'
import type { ObservedTrace } from './channels.js'
import { publishEnd, publishStart } from './trace.js'

/** Things of one kind that were seen to begin and not to end, by their ids. */
export interface Observed<Context extends ObservedTrace> {
  get(id: string): Context | undefined
  begin(id: string, context: Context): void
  end(id: string, endedAt: number, errorCode?: string): void
  /** Ends what is open in a session, or everywhere. */
  interrupt(endedAt: number, sessionId?: string): void
  isOpenIn(sessionId: string): boolean
}

/** @param interrupted - Told of each that is interrupted, before it is reported. */
export function observed<Context extends ObservedTrace>(
  channel: TracingChannel<Context, Context>,
  interrupted: (context: Context) => void = () => undefined,
): Observed<Context> {
  const open = new Map<string, Context>()
  const end = (id: string, endedAt: number, errorCode?: string): void => {
    const context = open.get(id)
    if (context === undefined) return
    open.delete(id)
    context.endedAt = Math.max(endedAt, context.startedAt)
    if (errorCode !== undefined) context.errorCode = errorCode
    publishEnd(channel, context)
  }
  return {
    get: (id) => open.get(id),
    begin(id, context) {
      open.set(id, context)
      publishStart(channel, context)
    },
    end,
    interrupt(endedAt, sessionId) {
      for (const [id, context] of open) {
        if (sessionId !== undefined && context.sessionId !== sessionId) continue
        interrupted(context)
        end(id, endedAt, 'interrupted')
      }
    },
    isOpenIn: (sessionId) => [...open.values()].some((each) => each.sessionId === sessionId),
  }
}
