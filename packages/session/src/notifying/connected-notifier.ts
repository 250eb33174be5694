import { closed, createConnection } from './connection.js'
import type { ConnectionOptions } from './connection.js'
import type { OpenNotifier } from './port.js'
import { createSubscriptions } from './subscriptions.js'
import { createTopicListeners, reportTo } from './topic-listeners.js'
import { within } from './within.js'

/** What a notifier over a connection is made of. */
export interface ConnectedNotifierOptions extends ConnectionOptions {
  readonly maxPayloadBytes?: number
}

const publishMs = 10_000

/** A notifier over one connection that comes back by itself; then everyone who listens hears that something may be lost. */
export function createConnectedNotifier(options: ConnectedNotifierOptions): OpenNotifier {
  const { clock, maxPayloadBytes, onError } = options
  const listeners = createTopicListeners(onError)
  const subscriptions = createSubscriptions(listeners)
  const connection = createConnection(options, {
    attach: (link) => subscriptions.attach(link),
    detach: () => subscriptions.detach(),
    restored: () => listeners.emitLost(),
    message: (topic, payload) => listeners.emit(topic, payload),
  })

  /** A link that does not take a subscription is none. */
  const refresh = async (): Promise<void> => {
    const link = connection.current()
    try {
      await subscriptions.refresh()
    } catch (error) {
      if (link === null || connection.current() !== link) return
      reportTo(onError, error)
      await connection.drop(link)
    }
  }

  const close = async (): Promise<void> => {
    subscriptions.end(closed())
    await connection.close()
  }

  return {
    ...(maxPayloadBytes === undefined ? {} : { maxPayloadBytes }),
    async notify(topic, payload) {
      connection.begin()
      const link = await connection.use()
      const expired = `The notifier did not get a message out within ${publishMs} ms.`
      await within(clock, { ms: publishMs, expired }, link.publish(topic, payload))
    },
    async listen(topic, onMessage) {
      connection.begin()
      const remove = listeners.add(topic, onMessage)
      try {
        if (!subscriptions.has(topic)) void refresh()
        await subscriptions.until(topic)
      } catch (error) {
        remove()
        throw error
      }
      return async () => {
        remove()
        if (subscriptions.has(topic) && !listeners.has(topic)) await refresh()
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
