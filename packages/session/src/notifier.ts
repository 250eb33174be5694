import type { Notifier } from './notifying/port.js'
import { createTopicListeners } from './notifying/topic-listeners.js'
import type { OnNotifierError } from './notifying/topic-listeners.js'

export type { Notifier, OpenNotifier, TurnNotice } from './notifying/port.js'

/** What {@link createLocalNotifier} uses. */
export interface LocalNotifierOptions {
  /** Receives what listeners throw. Default: it is ignored. */
  readonly onError?: OnNotifierError
}

/**
 * A notifier for a host of one process.
 *
 * @example
 *     const store = createSessionStore({ knex, notifier: createLocalNotifier() })
 */
export function createLocalNotifier({ onError }: LocalNotifierOptions = {}): Notifier {
  const listeners = createTopicListeners(onError)
  return {
    async notify(topic, payload) {
      // As from another process: never in the middle of what the sender does.
      await Promise.resolve()
      listeners.emit(topic, payload)
    },
    async listen(topic, onMessage) {
      const remove = listeners.add(topic, onMessage)
      return async () => remove()
    },
  }
}
