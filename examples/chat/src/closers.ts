import { logError } from '@turnstead-examples/start'

/** What is to be ended, the newest first. */
export interface Closers {
  add(name: string, close: () => Promise<unknown>): void
  close(): Promise<void>
}

export function createClosers(): Closers {
  const all: { readonly name: string; readonly close: () => Promise<unknown> }[] = []
  return {
    add(name, close) {
      all.push({ name, close })
    },
    async close() {
      for (const { name, close } of all.splice(0).toReversed()) {
        await close().catch((error: unknown) => logError(error, `closing the ${name}`))
      }
    },
  }
}
