import type { ReplyObserver } from '@turnstead/reply'
import { type Clock, steady, systemClock } from '../clock.js'
import { type ErrorContext, reportSafely } from '../errors.js'
import type { Notifier, RowId } from '../ports.js'
import { onAbort } from '../run/listen.js'
import type { FollowedTurn } from './followed-turn.js'
import { askRows, type GlanceStore } from './row-watch.js'
import { type FollowSetup, openSharedTurn, type SharedTurn } from './shared-turn.js'

/** What {@link followTurn} needs. */
export interface FollowOptions {
  /** The rows; of them only `read` and `peek` are used. */
  readonly store: GlanceStore
  /** Brings text and news at once. Without it they come with the rows, at the pace of `pollMs` and of snapshots. */
  readonly notifier?: Notifier | undefined
  readonly turnId: RowId
  /** Ends it as `close` does. */
  readonly signal?: AbortSignal
  /** How often the row's revision is looked at. Default 5,000 ms with a notifier, 500 ms without. */
  readonly pollMs?: number
  /** Default: the clock of the machine. */
  readonly clock?: Clock
  /** What did not work and is tried again: a look at the row, a message. Default: nothing happens. */
  readonly onError?: (error: unknown, context: ErrorContext) => void
}

type OnError = (error: unknown) => void

interface Following {
  readonly turn: Promise<SharedTurn | null>
  /** Of each that follows. */
  readonly followers: Set<OnError>
}

/** Those who follow by the same means. */
const followings = new WeakMap<object, Map<Notifier | null, Map<string, Following>>>()
const pollWithNotifierMs = 5_000
const pollAloneMs = 500

/**
 * Follows a turn in any process, whether it waits, runs here or elsewhere, or is over: first what its row holds, then every
 * change, to its end. However many follow a turn by the same store and notifier in a process, it is followed once.
 *
 * @returns null when there is no such turn.
 * @throws the store's error when the first read fails, RangeError for a wrong `pollMs`, the signal's reason.
 *
 * @example
 * const turn = await followTurn({ store, notifier, turnId, signal: request.signal })
 * if (turn === null) return notFound()
 * return toUiMessageResponse(uiMessageStream(turn, { ended: turn.ended }))
 */
export async function followTurn(options: FollowOptions): Promise<FollowedTurn | null> {
  const { store, turnId, signal } = options
  const { pollMs = options.notifier === undefined ? pollAloneMs : pollWithNotifierMs } = options
  if (!(pollMs > 0 && Number.isFinite(pollMs))) {
    throw new RangeError('`pollMs` must be a positive number of milliseconds')
  }
  signal?.throwIfAborted()
  const means: Means = {
    store,
    notifier: options.notifier ?? null,
    turnId,
    clock: steady(options.clock ?? systemClock),
    pollMs,
  }
  const onError: OnError = (error) =>
    reportSafely(options.onError, error, { step: 'follow', turnId, conversationId: null })
  const following = join(means, onError)
  const leave = onceOnly(() => part(means, following, onError))
  try {
    const shared = await following.turn
    signal?.throwIfAborted()
    if (shared === null) {
      leave()
      return null
    }
    return handleOn(shared, turnId, { signal, leave })
  } catch (error) {
    leave()
    throw error
  }
}

/** What a turn is followed by, whoever follows. */
type Means = Omit<FollowSetup, 'onError'>

/** One for all followers of a turn; a turn that is over is read again by each. */
function join(means: Means, onError: OnError): Following {
  const byNotifier =
    followings.get(means.store) ?? new Map<Notifier | null, Map<string, Following>>()
  followings.set(means.store, byNotifier)
  const turns = byNotifier.get(means.notifier) ?? new Map<string, Following>()
  byNotifier.set(means.notifier, turns)
  const known = turns.get(keyOf(means))
  const following = known ?? begin(means)
  if (known === undefined) turns.set(keyOf(means), following)
  following.followers.add(onError)
  return following
}

function keyOf({ pollMs, turnId }: Means): string {
  return `${pollMs} ${turnId}`
}

function begin(means: Means): Following {
  const followers = new Set<OnError>()
  const onError = (error: unknown): void => {
    for (const each of [...followers]) each(error)
  }
  const turn = open({ ...means, onError })
  const following: Following = { turn, followers }
  turn.then(
    (shared) => shared?.ended.then(() => forget(means, following)),
    () => undefined,
  )
  return following
}

async function open(setup: FollowSetup): Promise<SharedTurn | null> {
  const record = await askRows(setup.clock, () => setup.store.read(setup.turnId))
  return record === null ? null : openSharedTurn(setup, record)
}

function forget(means: Means, following: Following): void {
  const byNotifier = followings.get(means.store)
  const turns = byNotifier?.get(means.notifier)
  if (turns?.get(keyOf(means)) !== following) return
  turns.delete(keyOf(means))
  if (turns.size === 0) byNotifier?.delete(means.notifier)
}

function part(means: Means, following: Following, onError: OnError): void {
  following.followers.delete(onError)
  if (following.followers.size > 0) return
  forget(means, following)
  following.turn.then(
    (shared) => shared?.close(),
    () => undefined,
  )
}

/** One follower's own: what it registered goes with it. */
function handleOn(
  shared: SharedTurn,
  turnId: RowId,
  { signal, leave }: { readonly signal: AbortSignal | undefined; readonly leave: () => void },
): FollowedTurn {
  const { mirror, board } = shared
  const registered = new Set<() => void>()
  const register = (stop: () => void): (() => void) => {
    registered.add(stop)
    return () => {
      registered.delete(stop)
      stop()
    }
  }
  const close = onceOnly(() => {
    unlisten()
    for (const stop of registered) stop()
    registered.clear()
    leave()
  })
  const unlisten = onAbort(signal, () => close())
  return {
    turnId,
    name: mirror.name ?? '',
    get sessionId() {
      return mirror.sessionId
    },
    get promptId() {
      return mirror.promptId
    },
    get directory() {
      return mirror.directory ?? null
    },
    get revision() {
      return mirror.revision
    },
    get standing() {
      return board.standing
    },
    get record() {
      return shared.record
    },
    ended: shared.ended,
    view: () => mirror.view(),
    outcome: (options) => mirror.outcome(options),
    observe: (observer: ReplyObserver) => register(mirror.observe(observer)),
    onStanding: (listener) => register(board.onStanding(listener)),
    close,
    [Symbol.dispose]: close,
    [Symbol.asyncDispose]: async () => close(),
  }
}

function onceOnly(act: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    act()
  }
}
