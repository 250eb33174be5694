import { isWrite, type Cassette, type RecordedExchange, type RecordedStream } from './cassette.js'

/** How far a recording has been played. */
export interface ReplayCursor {
  /** The recorded answer for a request; null when there is none. Answers to writes are used up. */
  take(method: string, path: string): RecordedExchange | null
  /** The stream that a request opens, if it opens one; it is used up. */
  openStream(method: string, path: string): RecordedStream | null
  /** Notes that a request came which changes something. */
  countWrite(): void
  /** Resolves once so many of them came. Rejects with `signal.reason` when aborted. */
  untilWrites(count: number, signal: AbortSignal): Promise<void>
  /** A recorded write that never came. */
  readonly missing: RecordedExchange | undefined
}

/** Makes a {@link ReplayCursor} at the beginning of a recording. */
export function createReplayCursor(cassette: Cassette): ReplayCursor {
  const used = new Set<RecordedExchange>()
  const opened = new Set<RecordedStream>()
  const waiting = new Set<() => void>()
  let writes = 0

  const sameRequest = (method: string, path: string): readonly RecordedExchange[] =>
    cassette.exchanges.filter((each) => each.method === method && isSamePath(each.path, path))

  return {
    take(method, path) {
      const same = sameRequest(method, path)
      const isRipe = (each: RecordedExchange): boolean =>
        isWrite(method) || each.writesBefore <= writes
      const next = same.find((each) => !used.has(each) && isRipe(each))
      const again = isWrite(method) ? undefined : (same.findLast(isRipe) ?? same[0])
      const chosen = next ?? again
      if (!chosen) return null
      used.add(chosen)
      return chosen
    },
    openStream(method, path) {
      if (method !== 'GET') return null
      const next = cassette.streams.find((each) => !opened.has(each) && isSamePath(each.path, path))
      if (!next) return null
      // A plain answer to the same path that was recorded earlier comes first, such as a 401.
      const isLater = sameRequest('GET', path).some(
        (each) => !used.has(each) && each.order < next.order,
      )
      if (isLater) return null
      opened.add(next)
      return next
    },
    countWrite() {
      writes += 1
      const wake = [...waiting]
      waiting.clear()
      for (const each of wake) each()
    },
    async untilWrites(count, signal) {
      while (writes < count) {
        await new Promise<void>((resolve, reject) => {
          const onAbort = (): void => reject(signal.reason)
          signal.addEventListener('abort', onAbort, { once: true })
          waiting.add(() => {
            signal.removeEventListener('abort', onAbort)
            resolve()
          })
        })
      }
    },
    get missing() {
      return cassette.exchanges.find((each) => isWrite(each.method) && !used.has(each))
    },
  }
}

/** The same path; query values are compared where both have them, so that another directory is no mismatch. */
function isSamePath(recorded: string, given: string): boolean {
  const one = new URL(recorded, 'http://replay')
  const other = new URL(given, 'http://replay')
  if (decode(one.pathname) !== decode(other.pathname)) return false
  for (const [name, value] of one.searchParams) {
    if (/directory/u.test(name)) continue
    if (other.searchParams.get(name) !== value) return false
  }
  return [...other.searchParams.keys()].every(
    (name) => /directory/u.test(name) || one.searchParams.has(name),
  )
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
