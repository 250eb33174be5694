import { createGate } from './gate.js'
import type { Gate } from './gate.js'
import type { Link } from './link.js'
import type { TopicListeners } from './topic-listeners.js'

/** Keeps a link listening to the topics that someone here listens to. */
export interface Subscriptions {
  /** A new link: it takes all of them. */
  attach(link: Link): Promise<void>
  /** The link is gone. */
  detach(): void
  /**
   * Brings the link up to what is wanted now; one after the other, so that what is wanted last is what stays. Does nothing
   * without a link.
   */
  refresh(): Promise<void>
  /** Whether messages of the topic arrive. */
  has(topic: string): boolean
  /** Resolves when they do. */
  until(topic: string): Promise<void>
  /** Rejects what waits. */
  end(error: unknown): void
}

export function createSubscriptions(listeners: TopicListeners): Subscriptions {
  const active = new Set<string>()
  const waiting = new Map<string, Set<Gate>>()
  let link: Link | null = null
  let queue = Promise.resolve()

  const refreshNow = async (): Promise<void> => {
    const opened = link
    if (opened === null) return
    const wanted = listeners.topics().filter((topic) => !active.has(topic))
    const unwanted = [...active].filter((topic) => !listeners.has(topic))
    await Promise.all([
      ...wanted.map(async (topic) => {
        await opened.subscribe(topic)
        if (link !== opened) return
        active.add(topic)
        for (const gate of waiting.get(topic) ?? []) gate.resolve()
      }),
      ...unwanted.map(async (topic) => {
        active.delete(topic)
        await opened.unsubscribe(topic)
      }),
    ])
  }

  const refresh = (): Promise<void> => {
    queue = queue.then(refreshNow, refreshNow)
    return queue
  }

  return {
    attach(opened) {
      link = opened
      return refresh()
    },
    detach() {
      link = null
      active.clear()
    },
    refresh,
    has: (topic) => active.has(topic),
    async until(topic) {
      if (active.has(topic)) return
      const gate = createGate()
      const known = waiting.get(topic) ?? new Set()
      waiting.set(topic, known.add(gate))
      try {
        await gate.promise
      } finally {
        known.delete(gate)
        if (known.size === 0 && waiting.get(topic) === known) waiting.delete(topic)
      }
    },
    end(error) {
      for (const gate of [...waiting.values()].flatMap((each) => [...each])) gate.reject(error)
    },
  }
}
