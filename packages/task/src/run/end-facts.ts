import type { ReplySource } from '@turnstead/reply'
import {
  endingOf,
  type TurnEnding,
  turnEndings,
  type TurnRecord,
  type TurnResult,
} from '@turnstead/turn'
import { verifyOutputFile } from '../output/output-file.js'
import type { RunError } from '../run-output.js'
import { report } from './report.js'
import type { AgentCall, ConnectedSetup } from './run-setup.js'
import type { EndFacts } from './screen.js'

/** How a run ended that was run here. */
export async function factsOf(
  setup: ConnectedSetup,
  call: AgentCall,
  result: Exclude<TurnResult, { status: 'skipped' }>,
  source: ReplySource | null,
): Promise<EndFacts> {
  const { artifacts, cost, status } = result
  // The output has words for the user; the cause is the host's to know, and is nowhere else.
  if (status === 'failed') report(setup.turn, call, result.error, 'worker')
  const stop = status === 'completed' ? null : result.stop
  return {
    ...(await statusOf(setup, call, status, { ending: result.ending, source, artifacts })),
    stop,
    cost,
  }
}

/** How a run ended by its row, whoever ran it. */
export async function factsOfRecord(
  setup: ConnectedSetup,
  call: AgentCall,
  record: TurnRecord,
  source: ReplySource,
): Promise<EndFacts> {
  const status =
    record.status === 'completed' || record.status === 'failed' ? record.status : 'cancelled'
  const ending = endingOf(record) ?? 'cancelled'
  const facts = await statusOf(setup, call, status, { ending, source, artifacts: null })
  return { ...facts, stop: null, cost: record.cost ?? 0 }
}

async function statusOf(
  { client }: ConnectedSetup,
  call: AgentCall,
  status: 'completed' | 'failed' | 'cancelled',
  end: {
    readonly ending: TurnEnding
    readonly source: ReplySource | null
    readonly artifacts: unknown
  },
): Promise<Omit<EndFacts, 'stop' | 'cost'>> {
  const { fs } = client
  const { source, artifacts } = end
  const outputFile =
    call.outputFile === null
      ? null
      : await verifyOutputFile(call.outputFile, {
          view: source?.view() ?? null,
          directory: source?.directory ?? null,
          report: artifacts,
          open: fs === undefined ? null : (path) => fs.read(path, { timeoutMs: 10_000 }),
        })
  const { words, retryable } = turnEndings[end.ending]
  const error: RunError = { code: end.ending as RunError['code'], message: words, retryable }
  return {
    status: status === 'completed' ? 'complete' : status === 'failed' ? 'error' : 'cancelled',
    sessionId: source?.sessionId ?? call.sessionId,
    error: status === 'failed' ? error : null,
    outputFile,
  }
}

const nothing = { sessionId: null, stop: null, outputFile: null } as const
/** How a run ends that never began. */
export const cancelled: EndFacts = { ...nothing, status: 'cancelled', error: null }

export const unreachable: RunError = {
  code: 'server_unreachable',
  message: turnEndings.server_unreachable.words,
  retryable: turnEndings.server_unreachable.retryable,
}

export function failed(error: RunError): EndFacts {
  return { ...nothing, status: 'error', error }
}
