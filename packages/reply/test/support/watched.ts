import type { Reply } from '../../src/index.js'
import { createChangeLog } from '../../src/server-sent-events.js'
import type { ChangeLog } from '../../src/server-sent-events.js'
import { beginTurn } from './turn.js'
import type { Turn } from './turn.js'

/** Counts who listens. */
function counted<Listener>(listen: (listener: Listener) => () => void): {
  readonly listeners: Set<Listener>
  readonly listen: (listener: Listener) => () => void
} {
  const listeners = new Set<Listener>()
  return {
    listeners,
    listen(listener) {
      const stop = listen(listener)
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        stop()
      }
    },
  }
}

/** The reply of a turn, and how many observe it. */
export function watchReply({ reply }: Turn = beginTurn()): {
  readonly reply: Reply
  listening(): number
} {
  const { listeners, listen } = counted(reply.observe)
  return { reply: { ...reply, observe: listen }, listening: () => listeners.size }
}

/** A change log, and how many wait for its changes. */
export function watchLog(): { readonly log: ChangeLog; listening(): number } {
  const log = createChangeLog(beginTurn().reply)
  const { listeners, listen } = counted(log.onChange)
  return { log: { ...log, onChange: listen }, listening: () => listeners.size }
}
