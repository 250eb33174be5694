import type { TurnClient, TurnStore } from '../../src/index.js'

/**
 * Ports of a worker that dies: after the `after`-th call, or after the first call of that name, nothing is done
 * or answered any more, forever. The last call is done, and its answer is lost when `losesLast` is set.
 */
export interface DyingPorts {
  readonly client: TurnClient
  readonly store: TurnStore
  /** The calls so far, by name. */
  readonly calls: string[]
  /** Resolves when the worker is dead. */
  readonly died: Promise<void>
}

/** These answer at once, and ask no one. */
function isSynchronous(key: string | symbol): boolean {
  return ['subscribe', 'check', 'withScope', 'watch'].includes(String(key))
}

export function dyingPorts(
  ports: { readonly client: TurnClient; readonly store: TurnStore },
  options: { readonly after: number | string; readonly losesLast: boolean },
): DyingPorts {
  const calls: string[] = []
  let isDead = false
  let die: () => void = () => undefined
  const died = new Promise<void>((resolve) => (die = resolve))
  const never = new Promise<never>(() => undefined)

  const dying = <T extends object>(name: string, target: T): T =>
    new Proxy(target, {
      get(object, key) {
        const value: unknown = Reflect.get(object, key)
        const path = `${name}.${String(key)}`
        if (typeof value === 'object' && value !== null) return dying(path, value)
        if (typeof value !== 'function' || isSynchronous(key)) return value
        return async (...args: unknown[]): Promise<unknown> => {
          if (isDead) {
            die()
            return await never
          }
          calls.push(path)
          const isLast = options.after === calls.length || options.after === path
          isDead = isLast
          const answer: unknown = await Reflect.apply(value, object, args)
          if (!isLast || !options.losesLast) return answer
          die()
          return await never
        }
      },
    })

  return {
    client: dying('client', ports.client),
    store: dying('store', ports.store),
    calls,
    died,
  }
}
