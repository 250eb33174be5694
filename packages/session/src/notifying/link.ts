/** One live connection to what carries messages between processes. */
export interface Link {
  /** From its end on, messages of the topic arrive. */
  subscribe(topic: string): Promise<void>
  unsubscribe(topic: string): Promise<void>
  publish(topic: string, payload: string): Promise<void>
  /** Resolves when a message came back that was sent to itself. */
  ping(): Promise<void>
  /** Ends it, also when the other side does not answer any more. */
  close(): Promise<void>
}

/** What a link reports. */
export interface LinkEvents {
  /** A message; `null` in place of one that was too long. */
  message(topic: string, payload: string | null): void
  /** The connection is gone. */
  lost(error: unknown): void
}

/** Opens a link; leaves nothing behind when that fails. */
export type Connect = (events: LinkEvents) => Promise<Link>

/** Messages of a link to itself, by which it proves that what it sends arrives. */
export interface Echoes {
  /** Sends one and waits until it is heard. */
  expect(send: (nonce: string) => Promise<unknown>): Promise<void>
  heard(nonce: string): void
}

let echoes = 0

export function createEchoes(): Echoes {
  const waiting = new Map<string, () => void>()
  return {
    async expect(send) {
      echoes += 1
      const nonce = `echo ${echoes}`
      const heard = new Promise<void>((resolve) => waiting.set(nonce, resolve))
      try {
        await send(nonce)
        await heard
      } finally {
        waiting.delete(nonce)
      }
    },
    heard: (nonce) => waiting.get(nonce)?.(),
  }
}
