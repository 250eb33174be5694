import type { TurnClient, TurnStore } from '../src/index.js'

/** One moment of a turn: before it makes the call of this name for the nth time, or after that was answered. */
export interface Point {
  /** `store.claim`, `client.session.messages` …, or of an event that it hears `event message.updated`. */
  readonly name: string
  /** Among those of its name, from 1. */
  readonly count: number
  readonly when: 'before' | 'after'
}

export type Watcher = (point: Point) => void | Promise<void>

export function isSame(one: Point, other: Point): boolean {
  return one.name === other.name && one.count === other.count && one.when === other.when
}

/** Before and after each of these calls. */
export function pointsOf(names: readonly string[]): readonly Point[] {
  const counts = new Map<string, number>()
  return names.flatMap((name) => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return [
      { name, count, when: 'before' },
      { name, count, when: 'after' },
    ] as const
  })
}

export function wordsOf({ name, count, when }: Point): string {
  return `${when} ${name} ${count}`
}

/**
 * The ports of a turn that report every call before it is made and after it was answered, and every event before the turn has it and
 * after it has dealt with it.
 */
export function watchPorts(
  ports: { readonly client: TurnClient; readonly store: TurnStore },
  watcher: Watcher,
): { readonly client: TurnClient; readonly store: TurnStore } {
  const counts = new Map<string, number>()
  const next = (name: string): number => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return count
  }

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
          const count = next(path)
          await watcher({ name: path, count, when: 'before' })
          const answer: unknown = await Reflect.apply(value, object, args)
          await watcher({ name: path, count, when: 'after' })
          return answer
        }
      },
    })

  const watchEvents = (subscription: Subscription): Subscription => {
    async function* events(): AsyncGenerator<Heard> {
      for await (const item of subscription) {
        const name = `event ${item.type}`
        const count = next(name)
        await watcher({ name, count, when: 'before' })
        yield item
        await watcher({ name, count, when: 'after' })
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
