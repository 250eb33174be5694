import { createReply, parseReply, type Reply } from '@turnstead/reply'
import { type Alarm, createAlarm } from './alarm.js'
import type { Usage } from './budgets.js'
import { Interrupted, type Interruption } from './interruption.js'
import type { TurnSetup } from './options.js'
import type { Lease, PromptRecord, StoredTurn } from './ports.js'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Everything that is known of one running turn; the steps of the recipe read and write it. */
export interface TurnRun {
  readonly setup: TurnSetup
  readonly lease: Lease
  readonly alarm: Alarm
  readonly usage: Mutable<Usage>
  /** Aborts with an {@link Interrupted}; every wait of the turn takes it. */
  readonly signal: AbortSignal
  /** The reply of the current prompt id; stays empty while no prompt is chosen. */
  reply: Reply
  /** The prompt as it stands in the row. */
  prompt: PromptRecord | null
  /** A look has shown the user message on the server, in this process or an earlier one. */
  wasPromptStored: boolean
  /** The last `session.error` since the send. */
  sessionError: { readonly name: string; readonly message: string } | null
  /** Something was heard that only a look at the server can settle. */
  isLookDue: boolean
  /** The stream was cut or overflowed: asks and messages may have been missed. */
  hasGap: boolean
  /** When the last event of this session came. */
  heardAt: number
  /** Since when every look has found the session idle; null while busy. */
  idleSince: number | null
  /** Since when every look has failed; null while the server answers. */
  unreachableSince: number | null
  lookedAt: number
  savedAt: number
  savedRevision: number
  firstTokenAt: number | null
  /** When the policy was asked about an ask, by its id. */
  readonly askedAt: Map<string, number>
  interrupt(interruption: Interruption): void
}

/** A run for a turn that was just claimed; it goes on from what an earlier worker stored. */
export function openRun(setup: TurnSetup, lease: Lease, turn: StoredTurn): TurnRun {
  const now = setup.clock.now()
  const controller = new AbortController()
  const reply = restoreReply(setup, turn)
  return {
    setup,
    lease,
    alarm: createAlarm(setup.clock),
    usage: {
      startedAt: now,
      sentAt: null,
      firstEventAt: null,
      progressAt: now,
      retryingSince: null,
      blockedSince: null,
      blockedMs: 0,
      steps: 0,
      cost: 0,
      tokens: 0,
    },
    signal: controller.signal,
    reply,
    prompt: turn.prompt,
    wasPromptStored: false,
    sessionError: null,
    isLookDue: false,
    hasGap: false,
    heardAt: now,
    idleSince: null,
    unreachableSince: null,
    lookedAt: now,
    savedAt: now,
    savedRevision: reply.revision,
    firstTokenAt: null,
    askedAt: new Map(),
    interrupt: (interruption) => controller.abort(new Interrupted(interruption)),
  }
}

/** Starts an empty reply for a prompt that was just chosen. */
export function startReply(run: TurnRun, prompt: PromptRecord): void {
  run.reply = createReply({ sessionId: prompt.sessionId, promptId: prompt.id })
  run.savedRevision = run.reply.revision
}

function restoreReply(setup: TurnSetup, turn: StoredTurn): Reply {
  const { prompt } = turn
  const fresh = createReply({
    sessionId: prompt?.sessionId ?? 'none',
    promptId: prompt?.id ?? 'none',
  })
  if (turn.reply === null || turn.reply === undefined) return fresh
  try {
    const stored = parseReply(turn.reply)
    if (stored.promptId !== prompt?.id) return fresh
    // Whatever the server said between that snapshot and now was not heard.
    stored.apply({ type: 'gap' })
    return stored
  } catch (error) {
    // A snapshot that cannot be read is no loss: the poll brings the same parts again.
    setup.report(error, 'snapshot')
    return fresh
  }
}

/** What every request of a turn is given: an end by signal and an end by time. */
export interface RequestLimits {
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/** The limits of a request; `signal` is the turn's own unless the turn is being broken off. */
export function requestLimits(run: TurnRun, signal: AbortSignal = run.signal): RequestLimits {
  return { signal, timeoutMs: run.setup.budgets.requestMs }
}
