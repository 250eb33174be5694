import { AsyncLocalStorage } from 'node:async_hooks'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** Called before each step of a run, and after the last of a port's; may never return. */
export type OnStep = (name: string) => Promise<void>

const running = new AsyncLocalStorage<OnStep>()

type AnyFunction = (...given: unknown[]) => unknown

function stepInto(object: object, name: string, label: string): void {
  const original = Reflect.get(object, name) as AnyFunction
  const stepping = async function (this: unknown, ...given: unknown[]): Promise<unknown> {
    if (name !== 'open' || isForWriting(given[1])) await running.getStore()?.(label)
    return Reflect.apply(original, this, given)
  }
  Reflect.set(object, name, stepping)
}

function isForWriting(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & fs.constants.O_CREAT) !== 0
  return typeof flags === 'string' && flags !== 'r'
}

/** What only looks changes nothing: a death before it is one after the step before it. */
const looks: readonly (string | symbol)[] = ['get', 'stat', 'list', 'find']

/** Makes a step of each change to a disk that this process asks for, in a run alone. For processes that do nothing else. */
export async function stepThroughFiles(): Promise<void> {
  const handle = await fs.promises.open('/dev/null')
  const prototype: object = Object.getPrototypeOf(handle) as object
  await handle.close()
  for (const name of ['write', 'writeFile', 'sync', 'chmod', 'utimes']) {
    stepInto(prototype, name, `file.${name}`)
  }
  for (const name of ['open', 'mkdir', 'rename', 'link', 'unlink', 'rmdir', 'symlink'] as const) {
    stepInto(fs.promises, name, `fs.${name}`)
  }
  syncBuiltinESMExports()
}

/** A port whose calls are steps: before they begin, and again when they are done and their caller does not know it yet. */
export function stepThroughPort<Port extends object>(label: string, port: Port): Port {
  return new Proxy(port, {
    get: (object, key) => {
      const value: unknown = Reflect.get(object, key)
      const name = `${label}.${String(key)}`
      if (typeof value !== 'function') return value
      if (looks.includes(key)) return value.bind(object)
      return async (...given: unknown[]): Promise<unknown> => {
        await running.getStore()?.(name)
        const answer: unknown = await Reflect.apply(value as AnyFunction, object, given)
        await running.getStore()?.(`${name} done`)
        return answer
      }
    },
  })
}

/** Runs something in steps. */
export function inSteps<Result>(onStep: OnStep, run: () => Promise<Result>): Promise<Result> {
  return running.run(onStep, run)
}
