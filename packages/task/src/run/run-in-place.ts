import type { Reply } from '@turnstead/reply'
import { runTurn, type TurnResult } from '@turnstead/turn'
import { TaskError } from '../errors.js'
import { anySignal } from './any-signal.js'
import type { Place } from './place.js'
import type { AgentCall, ConnectedSetup, RunSetup } from './run-setup.js'
import { scopeKey } from './session-scope.js'

/** Runs the turn, or waits until whoever runs it has ended it. */
export async function runInPlace(
  setup: ConnectedSetup,
  call: AgentCall,
  place: Place,
  watcher: {
    /** Stops the agent. */
    readonly cancelSignal: AbortSignal
    readonly show: (reply: Reply) => void
  },
): Promise<TurnResult> {
  const { artifacts, rows, turn } = setup
  const { session = {} } = turn
  for (;;) {
    const result = await runTurn({
      ...turn,
      client: setup.client,
      store: place.store,
      ...(rows?.notifier && { notifier: rows.notifier }),
      ...(artifacts && { artifacts: naming(artifacts, call.outputFile) }),
      clock: setup.clock,
      turnId: place.turnId,
      conversationId: place.conversationId,
      prompt: { text: call.prompt },
      session: {
        title: titleOf(call.prompt),
        ...session,
        metadata: { ...session.metadata, [scopeKey]: setup.scope },
      },
      asks: setup.asks,
      onBusy: 'wait',
      // A call waits for its result, so nothing is won by giving its turn back.
      timing: { ...turn.timing, parkAfterMs: Infinity },
      onReply: watcher.show,
      cancelSignal: watcher.cancelSignal,
      ...(rows !== null && setup.signal && { signal: setup.signal }),
    })
    if (result.status !== 'skipped' || result.reason === 'settled') return result
    const { reason } = result
    if (reason === 'missing') throw rowsMissing(call)
    if (reason === 'handed_off') throw handedOff(call)
    // Another worker took the turn over: it is waited for, or run here when that one is gone. Of the rest nothing can be waited for:
    // someone has left it to a person, or it is behind such a turn.
    if (reason !== 'lease_lost') await waitOrCancel(setup, place, watcher.cancelSignal)
  }
}

const lookAgainMs = 1_000

/** A turn that no one runs has no one but its row to tell that it was cancelled. */
async function waitOrCancel(
  { clock, signal: leave }: ConnectedSetup,
  { store, turnId }: Place,
  cancelSignal: AbortSignal,
): Promise<void> {
  const { release, signal } = anySignal(cancelSignal, leave)
  await clock.sleep(lookAgainMs, { signal }).catch(() => undefined)
  release()
  if (cancelSignal.aborted) await store.cancel({ turnId })
}

/** The server would ask a model for one. */
function titleOf(prompt: string): string {
  const [line = ''] = prompt.trim().split('\n')
  return Array.from(line).slice(0, 80).join('')
}

/** The collector is told which file is the result. */
function naming(
  artifacts: NonNullable<RunSetup['artifacts']>,
  outputFile: string | null,
): NonNullable<RunSetup['artifacts']> {
  if (outputFile === null) return artifacts
  return { collect: (request) => artifacts.collect({ ...request, ...{ outputFile } }) }
}

function rowsMissing({ callId }: AgentCall): TaskError {
  return new TaskError(
    'rows_missing',
    `The rows of tool call ${callId} are not in the store; \`rows.find\` has to make them first.`,
  )
}

function handedOff({ callId }: AgentCall): TaskError {
  return new TaskError(
    'handed_off',
    `Tool call ${callId} was given up and its run goes on; execute it again to go on with it.`,
  )
}
