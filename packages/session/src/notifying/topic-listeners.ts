/** Receives what a notifier survived: what listeners throw, lost connections. */
export type OnNotifierError = (error: unknown, context: { readonly step: 'notifier' }) => void

type OnMessage = (payload: string | null) => void

/** Who listens to which topic in this process. */
export interface TopicListeners {
  /** The topics that someone listens to. */
  topics(): readonly string[]
  has(topic: string): boolean
  /** The result takes this listener off, and nothing else; the same function may listen twice. */
  add(topic: string, onMessage: OnMessage): () => void
  emit(topic: string, payload: string | null): void
  /** To everyone: messages may have been lost. */
  emitLost(): void
}

/** A listener that fails keeps no other from its messages. */
export function createTopicListeners(onError: OnNotifierError = () => undefined): TopicListeners {
  const listeners = new Map<string, Set<OnMessage>>()

  const call = (listener: OnMessage, payload: string | null): void => {
    try {
      // From a caller without types, a listener may be async.
      const returned = listener(payload) as unknown
      if (returned instanceof Promise) returned.catch((error: unknown) => reportTo(onError, error))
    } catch (error) {
      reportTo(onError, error)
    }
  }

  const emit = (topic: string, payload: string | null): void => {
    const known = listeners.get(topic)
    // One that is taken off by another one's callback hears nothing more.
    for (const listener of [...(known ?? [])]) if (known?.has(listener)) call(listener, payload)
  }

  return {
    topics: () => [...listeners.keys()],
    has: (topic) => listeners.has(topic),
    add(topic, onMessage) {
      const listener: OnMessage = (payload) => onMessage(payload)
      const known = listeners.get(topic) ?? new Set()
      listeners.set(topic, known.add(listener))
      return () => {
        known.delete(listener)
        if (known.size === 0 && listeners.get(topic) === known) listeners.delete(topic)
      }
    },
    emit,
    emitLost() {
      for (const topic of listeners.keys()) emit(topic, null)
    },
  }
}

/** A host's callback can neither fail a notifier nor end the process. */
export function reportTo(onError: OnNotifierError, error: unknown): void {
  try {
    const returned = onError(error, { step: 'notifier' }) as unknown
    if (returned instanceof Promise) returned.catch(() => undefined)
  } catch {
    // There is no one left to tell.
  }
}
