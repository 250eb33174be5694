/** Whether the workers of conversations show signs of life: each renews its lease many times before that ends. */
export interface Heartbeats {
  /** Looks at a conversation from now on; `onChange` when it fell silent, or is heard again, or the rows do. */
  watch(conversationId: number, onChange: () => void): Heartbeat
}

export interface Heartbeat {
  /** There was no sign of life for so long that one was missed. */
  isSilent(): boolean
  /** The rows, in which they are, do not answer. */
  isDatabaseAway(): boolean
  /** Something else shows that it is alive. */
  heard(): void
  stop(): void
}

export interface HeartbeatsOptions {
  /** When each lease ends, in any order; what is read is only compared with what was read before. */
  readonly read: (
    conversationIds: readonly number[],
  ) => Promise<readonly { readonly id: number; readonly expiresAt: number | null }[]>
  readonly onError: (error: unknown) => void
  /** How long the leases are. */
  readonly leaseMs: number
  /** Milliseconds of a clock that never jumps. Default: the machine's. */
  readonly now?: () => number
  /** Calls back again and again; the result ends it. Default: every 250 ms. */
  readonly tick?: (look: () => void) => () => void
}

const everyMs = 250
/** A page says within two seconds that the rows do not answer. */
const awayAfterMs = 1_400
const giveUpMs = 5_000

/**
 * Workers renew ten times in a lease, and at least every 1.5 seconds. One that is 400 ms late is missed: with a lease of ten seconds or less
 * pages say within two seconds that a worker was killed.
 */
export function silentAfterMs(leaseMs: number): number {
  return Math.max(1_200, Math.min(leaseMs / 10, 1_500) + 400)
}

interface Watched {
  readonly conversationId: number
  readonly onChange: () => void
  expiresAt: number | null | undefined
  heardAt: number
  isSilent: boolean
}

/** One question for all conversations that are watched in a process. */
export function createHeartbeats(options: HeartbeatsOptions): Heartbeats {
  const { read, onError, leaseMs, now = () => performance.now(), tick = everySoOften } = options
  const limitMs = silentAfterMs(leaseMs)
  const watched = new Set<Watched>()
  let stop: (() => void) | null = null
  let asked: { readonly at: number } | null = null
  let answeredAt = 0
  let isAway = false
  /** It was told already. */
  let isFailing = false

  async function look(): Promise<void> {
    // A question that hangs may do so for ever.
    if (asked !== null && now() - asked.at < giveUpMs) return
    const question = { at: now() }
    asked = question
    try {
      const ids = [...new Set([...watched].map(({ conversationId }) => conversationId))]
      const found = new Map((await read(ids)).map(({ id, expiresAt }) => [id, expiresAt]))
      if (asked !== question) return
      // What was not asked for some time was silent itself, not the workers.
      const wasAway = isAway
      answeredAt = now()
      isFailing = false
      say(false)
      for (const each of [...watched]) {
        const expiresAt = found.get(each.conversationId) ?? null
        if (expiresAt !== each.expiresAt || wasAway) each.heardAt = now()
        each.expiresAt = expiresAt
        tell(each)
      }
    } catch (error) {
      if (!isFailing) onError(error)
      isFailing = true
    } finally {
      if (asked === question) asked = null
    }
  }

  const isSilent = ({ heardAt }: Watched): boolean => !isAway && now() - heardAt > limitMs

  function tell(each: Watched): void {
    if (isSilent(each) === each.isSilent) return
    each.isSilent = !each.isSilent
    each.onChange()
  }

  function say(away: boolean): void {
    if (away === isAway) return
    isAway = away
    for (const { onChange } of [...watched]) onChange()
  }

  function beat(): void {
    if (now() - answeredAt > awayAfterMs) say(true)
    void look()
  }

  return {
    watch(conversationId, onChange) {
      const entry: Watched = {
        conversationId,
        onChange,
        expiresAt: undefined,
        heardAt: now(),
        isSilent: false,
      }
      watched.add(entry)
      if (stop === null) {
        answeredAt = now()
        stop = tick(beat)
      }
      return {
        isSilent: () => isSilent(entry),
        isDatabaseAway: () => isAway,
        heard() {
          entry.heardAt = now()
          tell(entry)
        },
        stop() {
          watched.delete(entry)
          if (watched.size > 0) return
          stop?.()
          stop = null
          isAway = false
        },
      }
    },
  }
}

function everySoOften(look: () => void): () => void {
  const timer = setInterval(look, everyMs)
  return () => clearInterval(timer)
}
