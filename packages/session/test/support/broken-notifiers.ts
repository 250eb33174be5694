import type { Notifier } from '../../src/index.js'

/** A notifier with one defect, and the promises that must catch it. */
export interface BrokenNotifier {
  readonly defect: string
  readonly caughtBy: readonly string[]
  readonly breakNotifier: (notifier: Notifier) => Notifier
}

const reaches = 'a message reaches who listens in this process and in another one, as it was sent'
const order = 'messages of one sender arrive in order'
const stops = 'who has stopped hears nothing more, may stop again, and may listen again'
const fails = 'a listener that fails keeps no other from its messages'
const long = 'a long message arrives whole, or as null: never cut, and never not at all'

export const brokenNotifiers: readonly BrokenNotifier[] = [
  {
    defect: 'delivers nothing',
    caughtBy: [reaches, order],
    breakNotifier: (notifier) => ({ ...notifier, notify: async () => undefined }),
  },
  {
    defect: 'trims what it sends',
    caughtBy: [reaches],
    breakNotifier: (notifier) => ({
      ...notifier,
      notify: (topic, payload) => notifier.notify(topic, payload.trim()),
    }),
  },
  {
    defect: 'takes topics with one beginning for one topic',
    caughtBy: ['a message reaches no one who listens to another topic'],
    breakNotifier: (notifier) => {
      const short = (topic: string): string => topic.split(':').slice(0, 2).join(':')
      return {
        notify: (topic, payload) => notifier.notify(short(topic), payload),
        listen: (topic, onMessage) => notifier.listen(short(topic), onMessage),
      }
    },
  },
  {
    defect: 'sends messages in any order',
    caughtBy: [order],
    breakNotifier: (notifier) => ({
      ...notifier,
      notify: async (topic, payload) => {
        if (payload.endsWith('7')) await new Promise((resolve) => setImmediate(resolve))
        await notifier.notify(topic, payload)
      },
    }),
  },
  {
    defect: 'keeps one listener for the same function',
    caughtBy: [
      'each listener of a topic hears a message once, the same function twice when it listens twice',
    ],
    breakNotifier: (notifier) => {
      const known = new Map<unknown, ReturnType<Notifier['listen']>>()
      return {
        ...notifier,
        listen: (topic, onMessage) => {
          const listening = known.get(onMessage) ?? notifier.listen(topic, onMessage)
          known.set(onMessage, listening)
          return listening
        },
      }
    },
  },
  {
    defect: 'goes on after it was stopped',
    caughtBy: [stops],
    breakNotifier: (notifier) => ({
      ...notifier,
      listen: async (topic, onMessage) => {
        await notifier.listen(topic, onMessage)
        return async () => undefined
      },
    }),
  },
  {
    defect: 'stops all who listen when one does',
    caughtBy: [
      'each listener of a topic hears a message once, the same function twice when it listens twice',
      'stopping and listening at once ends as it was asked last',
    ],
    breakNotifier: (notifier) => {
      const stopped = new Set<string>()
      const stops: (() => Promise<void>)[] = []
      return {
        ...notifier,
        listen: async (topic, onMessage) => {
          stops.push(await notifier.listen(topic, onMessage))
          return async () => {
            stopped.add(topic)
            await Promise.resolve()
            for (const stop of stops) await stop()
          }
        },
      }
    },
  },
  {
    defect: 'stops a delivery at the first listener that fails',
    caughtBy: [fails],
    breakNotifier: (notifier) => {
      const broken = new Set<string>()
      return {
        ...notifier,
        listen: (topic, onMessage) =>
          notifier.listen(topic, (payload) => {
            if (broken.has(topic)) return
            try {
              onMessage(payload)
            } catch {
              broken.add(topic)
            }
          }),
      }
    },
  },
  {
    defect: 'refuses what no one listens to',
    caughtBy: ['a message that no one listens to is sent all the same'],
    breakNotifier: (notifier) => {
      const topics = new Set<string>()
      return {
        notify: async (topic, payload) => {
          if (!topics.has(topic)) throw new Error('no one listens')
          await notifier.notify(topic, payload)
        },
        listen: (topic, onMessage) => {
          topics.add(topic)
          return notifier.listen(topic, onMessage)
        },
      }
    },
  },
  {
    defect: 'cuts what is too long',
    caughtBy: [long],
    breakNotifier: (notifier) => ({
      ...notifier,
      maxPayloadBytes: 1_000,
      notify: (topic, payload) => notifier.notify(topic, payload.slice(0, 1_000)),
    }),
  },
  {
    defect: 'drops what is too long',
    caughtBy: [long],
    breakNotifier: (notifier) => ({
      ...notifier,
      maxPayloadBytes: 1_000,
      notify: async (topic, payload) => {
        if (Buffer.byteLength(payload) <= 1_000) await notifier.notify(topic, payload)
      },
    }),
  },
]
