import type { Notifier } from '../../src/index.js'

/** A notifier in memory that counts, and loses what it is told to lose. */
export interface TestNotifier extends Notifier {
  readonly topics: () => readonly string[]
  readonly sent: () => number
}

export function createTestNotifier(
  options: {
    readonly maxPayloadBytes?: number
    /** Whether this message is lost, by its number. */
    readonly isLost?: (count: number, topic: string) => boolean
  } = {},
): TestNotifier {
  const listeners = new Map<string, Set<(payload: string | null) => void>>()
  let sent = 0
  return {
    ...(options.maxPayloadBytes === undefined ? {} : { maxPayloadBytes: options.maxPayloadBytes }),
    topics: () => [...listeners.keys()],
    sent: () => sent,
    async notify(topic, payload) {
      sent += 1
      const { maxPayloadBytes = Infinity } = options
      if (Buffer.byteLength(payload) > maxPayloadBytes) throw new Error('too long')
      if (options.isLost?.(sent, topic) === true) return
      for (const listener of listeners.get(topic) ?? []) setImmediate(() => listener(payload))
    },
    async listen(topic, onMessage) {
      const entry = (payload: string | null): void => onMessage(payload)
      listeners.set(topic, (listeners.get(topic) ?? new Set()).add(entry))
      return () => {
        listeners.get(topic)?.delete(entry)
        if (listeners.get(topic)?.size === 0) listeners.delete(topic)
      }
    },
  }
}
