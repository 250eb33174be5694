import type { EventWriter } from '@turnstead/reply/server-sent-events'

/** What goes to a browser, as one event of its stream. */
export type StreamMessage =
  /** Turbo Stream elements: for the pages of a conversation, or for all. `at` is where such a page is then. */
  | {
      readonly conversation: number | null
      readonly html: string
      readonly at?: string
      readonly isWhole?: boolean
    }
  /**
   * Something about a conversation changed that lists show, or about several (null); `html` are Turbo Stream elements for all pages. A list
   * shows none but those with these `ids`.
   */
  | {
      readonly listed: number | null
      readonly html: string
      readonly ids?: readonly number[]
    }
  /** Nothing runs: the stream ends, and need not come again before something does. */
  | { readonly idle: true }
  /** The stream lives. */
  | Record<string, never>

/** The streams that are open in this process. */
export interface Streams {
  /** Of this user; null for one more than a user may have. */
  add(userId: string, open: () => EventWriter): EventWriter | null
  toAll(message: StreamMessage): void
  readonly size: number
  /** Ends all: browsers go to another process. */
  close(): void
}

/** A browser that has heard nothing for three times as long says that the connection is lost. */
const beatMs = 500
/** A browser has one, or one for each tab that is seen. */
const mostOfUser = 100

export function createStreams(): Streams {
  const open = new Set<EventWriter>()
  const counts = new Map<string, number>()
  let timer: NodeJS.Timeout | null = null
  const toAll = (message: StreamMessage): void => {
    const data = JSON.stringify(message)
    for (const writer of open) writer.send(data)
  }
  const remove = (writer: EventWriter): void => {
    open.delete(writer)
    if (open.size > 0 || timer === null) return
    clearInterval(timer)
    timer = null
  }
  return {
    add(userId, begin) {
      const count = counts.get(userId) ?? 0
      if (count >= mostOfUser) return null
      const writer = begin()
      if (writer.left.aborted) return writer
      open.add(writer)
      counts.set(userId, count + 1)
      timer ??= setInterval(() => toAll({}), beatMs)
      writer.left.addEventListener('abort', () => {
        const left = (counts.get(userId) ?? 1) - 1
        if (left === 0) counts.delete(userId)
        else counts.set(userId, left)
        remove(writer)
      })
      return writer
    },
    toAll,
    get size() {
      return open.size
    },
    close() {
      for (const writer of [...open]) writer.close()
    },
  }
}
