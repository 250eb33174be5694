import { answer, type Answerable, listAsks, openAsks } from './attend-asks.js'
import { readFamily } from '../poll/poll.js'
import { isPassingAtWork } from '../run/retry.js'
import { requestLimits, type TurnRun } from '../run/run.js'

/** Which step of stopping the agent worked. All true: proven stopped, and nothing left open. */
export interface StopReport {
  /** The server took the abort of the session and of every sub-agent that was at work. */
  readonly aborted: boolean
  /** How many open asks were rejected; answered later they would still run. */
  readonly rejectedAsks: number
  /** After that the server's own lists show no open ask of these sessions. */
  readonly asksClosed: boolean
  /** The server says that the sessions are idle. */
  readonly idle: boolean
}

const firstDelayMs = 100
const longestDelayMs = 1_000

/**
 * Stops the agent of this turn and waits for the evidence, within the `stopMs` budget. Never throws: what
 * did not work stands in the report.
 */
export async function stopAgent(run: TurnRun, sessionId: string): Promise<StopReport> {
  const { clock, budgets, report } = run.setup
  const done = new AbortController()
  const deadline = new AbortController()
  void clock
    .sleep(budgets.stopMs, { signal: done.signal })
    .then(() => deadline.abort(new Error(`stopMs (${budgets.stopMs} ms) ended`)))
    .catch(() => undefined)
  const progress: Progress = {
    aborted: false,
    rejected: new Set(),
    asksClosed: false,
    idle: false,
    idleSince: null,
  }
  try {
    await stopUntilProven(run, sessionId, progress, deadline.signal)
  } catch (error) {
    report(error, 'stop')
  }
  done.abort()
  const { aborted, rejected, asksClosed, idle } = progress
  return { aborted, rejectedAsks: rejected.size, asksClosed, idle }
}

interface Progress {
  aborted: boolean
  readonly rejected: Set<string>
  asksClosed: boolean
  idle: boolean
  idleSince: number | null
}

/** An ask can still be raised, and a prompt arrive, after the abort: so it goes on until the server shows neither. */
async function stopUntilProven(
  run: TurnRun,
  sessionId: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { clock, report } = run.setup
  for (let delayMs = firstDelayMs; ;) {
    try {
      await stopOnce(run, sessionId, progress, signal)
      if (isProven(run, progress)) return
      delayMs = firstDelayMs
    } catch (error) {
      signal.throwIfAborted()
      if (!isPassingAtWork(error)) throw error
      report(error, 'stop')
      delayMs = Math.min(delayMs * 2, longestDelayMs)
    }
    await clock.sleep(delayMs, { signal })
  }
}

async function stopOnce(
  run: TurnRun,
  sessionId: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock } = run.setup
  const limits = requestLimits(run, signal)
  if (!progress.aborted) await client.session.abort(sessionId, limits)
  const family = await readFamily(run, sessionId, limits)
  const statuses = await client.session.status(limits)
  const busy = [...family].filter((id) => (statuses[id]?.type ?? 'idle') !== 'idle')
  for (const id of busy) await client.session.abort(id, limits)
  progress.aborted = true
  progress.idle = busy.length === 0
  progress.idleSince = progress.idle ? (progress.idleSince ?? clock.now()) : null
  // The prompt has arrived, so it will not arrive later.
  if (!progress.idle) run.delivery = 'sent'
  await rejectAsks(run, family, progress, signal)
}

async function rejectAsks(
  run: TurnRun,
  family: ReadonlySet<string>,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const limits = requestLimits(run, signal)
  const { permissions, questions } = await listAsks(run, family, limits)
  const open = [
    ...(permissions === undefined
      ? knownPermissions(run)
      : toAnswerable('permission', permissions)),
    ...toAnswerable('question', questions),
  ]
  for (const ask of open) {
    const outcome = await answer(run, ask, { do: 'reject' }, limits)
    if (outcome === 'sent') progress.rejected.add(ask.id)
  }
  progress.asksClosed = permissions !== undefined && open.length === 0
}

/** A send that was cut off may still arrive, and then the agent starts after the abort. */
function isProven(run: TurnRun, { asksClosed, idle, idleSince }: Progress): boolean {
  if (!asksClosed || !idle || idleSince === null) return false
  const isQuiet = run.setup.clock.now() - idleSince >= run.setup.graceMs
  return run.delivery === 'sent' || isQuiet
}

/** Where the server cannot list them, the events still told of these. */
function knownPermissions(run: TurnRun): readonly Answerable[] {
  return openAsks(run).filter((ask) => ask.kind === 'permission')
}

function toAnswerable(
  kind: Answerable['kind'],
  asks: readonly { readonly id: string; readonly sessionID: string }[],
): Answerable[] {
  return asks.map((ask) => ({ kind, id: ask.id, sessionId: ask.sessionID }))
}
