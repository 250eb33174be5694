import { createMemoryStore, type TurnStore } from '@turnstead/turn'
import type { RunError } from '../run-output.js'
import { report } from './report.js'
import type { AgentCall, ConnectedSetup, RunPlace } from './run-setup.js'
import { enterSession } from './session-queue.js'
import { refusalOf, unknownSession } from './session-scope.js'
import type { TaskRows } from './task-rows.js'

/** Where a call runs: the host's rows, or rows of its own in memory. */
export interface Place extends RunPlace {
  readonly store: TaskRows['store']
  leave(): void
}

/** No place: why not, null when the call was aborted first. */
export interface NoPlace {
  readonly error: RunError | null
}

export async function placeOf(
  setup: ConnectedSetup,
  call: AgentCall,
  signal: AbortSignal,
): Promise<Place | NoPlace> {
  if (setup.rows !== null) return await placeInRows(setup.rows, call)
  const { callId, sessionId } = call
  if (sessionId === null) return inMemory(setup, callId, (store) => store)
  try {
    const onError = (reason: unknown): void => report(setup.turn, call, reason, 'session')
    const error = await refusalOf(setup, sessionId, { signal, onError })
    if (error !== null) return { error }
    const leave = await enterSession(sessionId, signal)
    const ensureSession: TurnStore['ensureSession'] = async () => ({ sessionId, created: false })
    return { ...inMemory(setup, callId, (store) => ({ ...store, ensureSession })), leave }
  } catch (error) {
    if (signal.aborted) return { error: null }
    throw error
  }
}

async function placeInRows(rows: TaskRows, call: AgentCall): Promise<Place | NoPlace> {
  const { callId, prompt, sessionId } = call
  const found = await rows.find({ toolCallId: callId, sessionId, prompt })
  if (found === null) return { error: unknownSession }
  return { ...found, store: rows.store, leave: () => undefined }
}

function inMemory(
  { clock }: ConnectedSetup,
  callId: string,
  adapt: (store: TaskRows['store']) => TaskRows['store'],
): Place {
  const store = createMemoryStore({ clock })
  const ids = { conversationId: callId, turnId: callId }
  store.addTurn(ids)
  return { ...ids, store: adapt(store), leave: () => undefined }
}
