import type { TurnSetup } from '../options.js'
import type { TurnRecord, TurnStore, QueuedTurn } from '../ports.js'
import { toBody, toParts } from '../prompt.js'
import { onAbort } from '../run/listen.js'
import { instant } from '../run/instant.js'
import type { HeldLease } from '../run/lease-keeper.js'
import { withRetry } from '../run/retry.js'
import type { KnownSession } from '../run/run.js'
import { createWakeup } from '../run/wakeup.js'
import { skipped, type Skipped } from '../result.js'

type Answer = Awaited<ReturnType<TurnStore['claim']>>

/** A turn that this worker may run now. */
export interface ClaimedTurn {
  readonly held: HeldLease
  /** The upstream session that the row had at the claim; null when it had none, or the store does not say. */
  readonly session: KnownSession | null
  /** The server on which it was then; null when that was not noted. */
  readonly home: string | null
  readonly turn: TurnRecord
  readonly leftovers: readonly TurnRecord[]
}

/** Claims answer by their own clock, so a waiting worker asks a little later than the answer says, and again in between. */
const longestWaitMs = 5_000
const marginMs = 50
/** What a row has room for. */
const longestId = 64

/**
 * Claims the turn. Waits while the conversation is held by a process of the worker's own name, which may be this very
 * worker before its restart, and, if the host wants it, while it is held by another one.
 *
 * @throws TypeError when the client would refuse the prompt: nothing is claimed then.
 */
export async function claimTurn(setup: TurnSetup): Promise<ClaimedTurn | Skipped | QueuedTurn> {
  const { cancelSignal, clock, onBusy, signal, store, turnId } = setup
  checkPrompt(setup)
  const wakeup = createWakeup(clock)
  const unlisten = [cancelSignal, signal].map((each) => onAbort(each, () => wakeup.wake()))
  let hasWaitedForItself = false
  try {
    for (;;) {
      if (signal?.aborted && !cancelSignal?.aborted) return skipped(turnId, 'handed_off')
      const since = instant(clock)
      const claim = await ask(setup).catch((error: unknown) => {
        if (signal?.aborted) return null
        throw error
      })
      if (claim === null) continue
      if (claim.claimed) {
        const { conversation, lease, leftovers, turn } = claim
        return {
          held: { lease, since },
          session: knownSession(conversation),
          home: conversation?.server ?? null,
          turn,
          leftovers,
        }
      }
      if (claim.reason === 'queued') {
        if (!cancelSignal?.aborted) return claim
        await withRetry(setup, { step: 'claim', attempt: () => store.cancel({ turnId }) })
        continue
      }
      // A process that was started again a moment ago waits for its own former life; one that is alive is another worker.
      const isFormerLife =
        claim.sameOwner && !hasWaitedForItself && waitMs(setup, claim) < setup.timing.leaseMs / 2
      const mayWait = onBusy === 'wait' || isFormerLife
      if (claim.reason !== 'busy' || !mayWait) {
        return skipped(turnId, claim.reason, claim.heldUntil)
      }
      // The holder, if it runs this turn, learns of it from the row; if not, it never begins.
      if (cancelSignal?.aborted) {
        await withRetry(setup, { step: 'claim', attempt: () => store.cancel({ turnId }) })
      }
      if (claim.sameOwner) hasWaitedForItself = true
      await wakeup.wait(waitMs(setup, claim))
    }
  } finally {
    for (const off of unlisten) off()
  }
}

/** One that was made before is not asked for once more. */
function knownSession(
  conversation: Extract<Answer, { claimed: true }>['conversation'],
): KnownSession | null {
  if (conversation === undefined || conversation.sessionId === null) return null
  const { sessionId, rules, title } = conversation
  return { sessionId, rules, title }
}

async function ask(setup: TurnSetup): Promise<Answer> {
  const { conversationId, owner, prompt, store, timing, turnId } = setup
  const { leaseMs } = timing
  const input = prompt === null ? {} : { input: prompt }
  const trace = traceOf(setup)
  return await withRetry(setup, {
    step: 'claim',
    // A cancel has to reach the row, also of a process that is told to end.
    signal: setup.cancelSignal?.aborted ? undefined : setup.signal,
    attempt: () => store.claim({ conversationId, turnId, owner, leaseMs, ...input, ...trace }),
  })
}

/** A trace is no reason to leave a turn alone. */
function traceOf({ report, traceContext }: TurnSetup): { readonly trace?: string } {
  try {
    const trace = traceContext?.() ?? null
    return trace === null ? {} : { trace }
  } catch (error) {
    report(error, 'claim')
    return {}
  }
}

/** What could only fail after the turn was claimed is refused before. */
function checkPrompt({ client, ids, prompt }: TurnSetup): void {
  if (prompt === null) return
  const partIds = toParts(prompt).map(() => ids.partId())
  const id = ids.messageId()
  if (id.length > longestId) {
    throw new TypeError(`\`ids.messageId\` must give at most ${longestId} characters`)
  }
  client.prompt.check(toBody(prompt, { id, partIds }))
}

function waitMs({ clock, onBusy }: TurnSetup, { heldUntil }: { heldUntil: number | null }): number {
  const untilFree = heldUntil === null ? longestWaitMs : Math.max(0, heldUntil - clock.wall())
  return (onBusy === 'wait' ? Math.min(untilFree, longestWaitMs) : untilFree) + marginMs
}
