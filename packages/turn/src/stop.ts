import { answer, type Answerable, listAsks } from './asks.js'
import { readFamily } from './exchange.js'
import { requestLimits, type TurnRun } from './run.js'

/** Which step of stopping the agent worked. All true: proven stopped, and nothing left open. */
export interface StopReport {
  /** The server took the abort of the session and of every sub-agent's. */
  readonly aborted: boolean
  /** How many open asks were rejected; answered later they would still run. */
  readonly rejectedAsks: number
  /** After that the server's own lists show no open ask of these sessions. */
  readonly asksClosed: boolean
  /** The server says that the sessions are idle. */
  readonly idle: boolean
}

const lookEveryMs = 100

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
  const progress = { aborted: false, rejectedAsks: 0, asksClosed: false, idle: false }
  try {
    await stopFamily(run, sessionId, progress, deadline.signal)
  } catch (error) {
    report(error, 'stop')
  }
  done.abort()
  return progress
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

async function stopFamily(
  run: TurnRun,
  sessionId: string,
  progress: Mutable<StopReport>,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock } = run.setup
  const limits = requestLimits(run, signal)
  await client.session.abort(sessionId, limits)
  const family = await readFamily(run, sessionId, limits)
  for (const id of family) if (id !== sessionId) await client.session.abort(id, limits)
  progress.aborted = true

  // An ask can still be raised by a step that was under way: so the lists are read until they are empty and idle.
  for (;;) {
    const listed = await listAsks(run, family, limits)
    const open = [
      ...toAnswerable('permission', listed.permissions),
      ...toAnswerable('question', listed.questions),
    ]
    for (const ask of open) await answer(run, ask, { do: 'reject' }, limits)
    progress.rejectedAsks += open.length
    progress.asksClosed = open.length === 0
    const statuses = await client.session.status(limits)
    progress.idle = [...family].every((id) => (statuses[id]?.type ?? 'idle') === 'idle')
    if (progress.asksClosed && progress.idle) return
    await clock.sleep(lookEveryMs, { signal })
  }
}

function toAnswerable(
  kind: Answerable['kind'],
  asks: readonly { readonly id: string; readonly sessionID: string }[],
): Answerable[] {
  return asks.map((ask) => ({ kind, id: ask.id, sessionId: ask.sessionID }))
}
