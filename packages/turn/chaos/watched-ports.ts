import type { TurnClient, TurnStore } from '../src/index.js'

/** What a turn calls, by name: `store.claim`, `client.session.messages` … and each event that it hears: `event message.updated`. */
export type Watcher = (call: {
  readonly name: string
  /** The number of the call among all of the turn, from 1. */
  readonly number: number
  readonly when: 'before' | 'after'
}) => void | Promise<void>

/**
 * The ports of a turn that report every call before it is made and after it was answered, and every event before the turn has it and
 * after it has dealt with it.
 */
export function watchPorts(
  ports: { readonly client: TurnClient; readonly store: TurnStore },
  watcher: Watcher,
): { readonly client: TurnClient; readonly store: TurnStore } {
  let calls = 0

  const watched = <T extends object>(name: string, target: T): T =>
    new Proxy(target, {
      get(object, key) {
        const value: unknown = Reflect.get(object, key)
        const path = `${name}.${String(key)}`
        if (path === 'client.events.subscribe') {
          return (...args: unknown[]) =>
            watchEvents(Reflect.apply(value as Subscribe, object, args))
        }
        if (typeof value === 'object' && value !== null) return watched(path, value)
        if (typeof value !== 'function' || isSynchronous(path)) return value
        return async (...args: unknown[]): Promise<unknown> => {
          calls += 1
          const number = calls
          await watcher({ name: path, number, when: 'before' })
          const answer: unknown = await Reflect.apply(value, object, args)
          await watcher({ name: path, number, when: 'after' })
          return answer
        }
      },
    })

  const watchEvents = (subscription: Subscription): Subscription => {
    async function* events(): AsyncGenerator<Heard> {
      for await (const item of subscription) {
        calls += 1
        const number = calls
        const name = `event ${item.type}`
        await watcher({ name, number, when: 'before' })
        yield item
        await watcher({ name, number, when: 'after' })
      }
    }
    return {
      ready: subscription.ready,
      close: () => subscription.close(),
      follow: (sessionId) => subscription.follow(sessionId),
      async forEach(onEvent) {
        for await (const item of events()) onEvent(item)
      },
      [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose](),
      [Symbol.asyncIterator]: events,
    }
  }

  return { client: watched('client', ports.client), store: watched('store', ports.store) }
}

type Subscribe = TurnClient['events']['subscribe']
type Subscription = ReturnType<Subscribe>
type Heard = Parameters<Parameters<Subscription['forEach']>[0]>[0]

/** These answer at once and ask no one. */
function isSynchronous(path: string): boolean {
  return /\.(?:check|withScope|watch)$/.test(path)
}
