/** An event as the SDKs give it. */
export interface SdkEvent {
  readonly type: string
  readonly properties: unknown
}

const told = /^(message\.part\.updated|permission\.|question\.|session\.(idle|error)|todo\.)/u

/** Which kinds of events a stream has told so far. Their order is compared by the conformance suite. */
export interface EventReader {
  /** Waits for an event that was not yet waited for. */
  next(type: string): Promise<Readonly<Record<string, unknown>>>
  kinds(): readonly string[]
}

/** Reads a stream until it ends. */
export function readEvents(stream: AsyncIterable<SdkEvent>): EventReader {
  const seen: SdkEvent[] = []
  const taken = new Set<SdkEvent>()
  let wake: () => void = () => {}
  let failure: Error | null = null
  void (async () => {
    for await (const event of stream) {
      seen.push(event)
      wake()
    }
    failure = new Error('the event stream ended')
    wake()
  })().catch((error: unknown) => {
    failure = error instanceof Error ? error : new Error(String(error))
    wake()
  })
  return {
    async next(type) {
      const deadline = performance.now() + 30_000
      for (;;) {
        const found = seen.find((event) => event.type === type && !taken.has(event))
        if (found) {
          taken.add(found)
          return { ...Object(found.properties) }
        }
        if (failure) throw failure
        if (performance.now() > deadline) {
          throw new Error(`no ${type} came; there were ${kindsOf(seen).join(', ')}`)
        }
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 500)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
    kinds: () => kindsOf(seen),
  }
}

function kindsOf(events: readonly SdkEvent[]): readonly string[] {
  const kinds = events
    .filter((event) => told.test(event.type))
    .map((event) => {
      const part: unknown = Object(event.properties).part
      const { type, tool, state } = Object(part)
      return [event.type, type, tool, Object(state).status].filter(Boolean).join(' ')
    })
  return [...new Set(kinds)].toSorted()
}
