import { createReply, parseReply, type Reply } from '@turnstead/reply'
import { type Alarm, createAlarm } from './alarm.js'
import type { AttendedAsk } from '../steps/attend-asks.js'
import { sumTokens, type Usage } from '../budgets.js'
import { Interrupted, type Interruption } from './interruption.js'
import type { TurnSetup } from '../options.js'
import type { Lease, PromptRecord, StoredTurn } from '../ports.js'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Everything that is known of one running turn; the steps of the recipe read and write it. */
export interface TurnRun {
  readonly setup: TurnSetup
  readonly lease: Lease
  readonly alarm: Alarm
  readonly usage: Mutable<Usage>
  /** Aborts with an {@link Interrupted}; every wait of the turn takes it. */
  readonly signal: AbortSignal
  /** Aborts when the row is somebody else's: then nothing may be written any more. */
  readonly lost: AbortSignal
  /** The reply of the current prompt id; stays empty while no prompt is chosen. */
  reply: Reply
  /** The prompt as it stands in the row. */
  prompt: PromptRecord | null
  /** Whether the server may have the current prompt. `unknown`: another worker chose it, or its send has no known end. */
  delivery: 'none' | 'unknown' | 'sent'
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
  /** When the open asks were last read from the server. */
  asksReadAt: number
  /** How many of the newest messages a look asks for; it grows until the prompt is among them. */
  lookMessages: number
  /** When this process began to send; null when another one had sent. */
  sendBeganAt: number | null
  timeToFirstTokenMs: number | null
  /** The asks that were put before the policy, by their ids. */
  readonly attended: Map<string, AttendedAsk>
  interrupt(interruption: Interruption): void
}

/** A run for a turn that was just claimed; it goes on from what an earlier worker stored. */
export function openRun(setup: TurnSetup, lease: Lease, turn: StoredTurn): TurnRun {
  const now = setup.clock.now()
  const controller = new AbortController()
  const lost = new AbortController()
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
      ...spentSoFar(reply),
    },
    signal: controller.signal,
    lost: lost.signal,
    reply,
    prompt: turn.prompt,
    delivery: turn.prompt === null ? 'none' : 'unknown',
    sessionError: null,
    isLookDue: false,
    hasGap: false,
    heardAt: now,
    idleSince: null,
    unreachableSince: null,
    lookedAt: now,
    savedAt: now,
    savedRevision: reply.revision,
    asksReadAt: now,
    lookMessages: firstLookMessages,
    sendBeganAt: null,
    timeToFirstTokenMs: null,
    attended: new Map(),
    interrupt(interruption) {
      const reason = new Interrupted(interruption)
      if (interruption.kind === 'lease_lost') lost.abort(reason)
      controller.abort(reason)
    },
  }
}

/** Enough for most turns; a conversation may have thousands. */
const firstLookMessages = 32

/** What an earlier worker's part of the turn used up. */
function spentSoFar(reply: Reply): Pick<Usage, 'steps' | 'cost' | 'tokens'> {
  const { cost, tokens } = reply.result()
  const steps = reply.parts.filter((part) => part.kind === 'step-finish').length
  return { steps, cost, tokens: sumTokens(tokens) }
}

/** Starts an empty reply for a prompt that was just chosen. */
export function startReply(run: TurnRun, prompt: PromptRecord): void {
  const ids = { sessionId: prompt.sessionId, promptId: prompt.id }
  run.reply = createReply({ ...ids, onObserverError: observerReport(run.setup) })
  run.savedRevision = run.reply.revision
}

function restoreReply(setup: TurnSetup, turn: StoredTurn): Reply {
  const { prompt } = turn
  const fresh = createReply({
    sessionId: prompt?.sessionId ?? 'none',
    promptId: prompt?.id ?? 'none',
    onObserverError: observerReport(setup),
  })
  if (turn.reply === null || turn.reply === undefined) return fresh
  try {
    const stored = parseReply(turn.reply, { onObserverError: observerReport(setup) })
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

function observerReport(setup: TurnSetup): (error: unknown) => void {
  return (error) => setup.report(error, 'observer')
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
