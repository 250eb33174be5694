import type { Reply, ReplySource } from '@turnstead/reply'
import {
  endingOf,
  type FollowedTurn,
  followTurn,
  runTurn,
  type TurnEnding,
  turnEndings,
  type TurnRecord,
  type TurnResult,
} from '@turnstead/turn'
import { TaskError } from '../errors.js'
import { verifyOutputFile } from '../output/output-file.js'
import type { RunError } from '../run-output.js'
import { watchDirectory } from './directory-events.js'
import { placeOf, type Place } from './place.js'
import { addRunningCall } from './running-calls.js'
import type { Connection } from './connection.js'
import type { AgentCall, ConnectedSetup, RunSetup } from './run-setup.js'
import type { EndFacts } from './screen.js'
import { scopeKey } from './session-scope.js'

/** One run of the agent under way. */
export interface Work {
  /** What there is of the reply; null before it begins. */
  source(): ReplySource | null
  /** How it ended. Rejects with the store's error, or for wrong options. */
  readonly ended: Promise<EndFacts>
  close(): void
}

/** What whoever shows the work gives to it. */
interface Watcher {
  /** Stops the agent. */
  readonly cancelSignal: AbortSignal
  /** There is something new to show. */
  readonly wake: () => void
}

export function workOn(base: RunSetup, call: AgentCall, watcher: Watcher): Work {
  const closers: (() => void)[] = []
  let source: ReplySource | null = null
  let live: Reply | null = null
  const show = (next: ReplySource): void => {
    source = next
    closers.push(next.observe({ changed: watcher.wake }))
    watcher.wake()
  }

  const work = async (): Promise<EndFacts> => {
    const connection = await connect(base, call)
    if (connection === null) return failed(unreachable)
    closers.push(() => connection.release())
    const setup: ConnectedSetup = { ...base, client: connection.client }
    const place = await placeOf(setup, call, watcher.cancelSignal)
    if ('error' in place) return place.error === null ? cancelled : failed(place.error)
    closers.push(() => place.leave())
    closers.push(addRunningCall(call.callId, { scope: setup.answerScope, answer: answerIn(place) }))
    const followed = setup.rows === null ? null : await follow(setup, place)
    if (followed !== null) {
      closers.push(() => followed.close())
      show(followed)
    }
    if (setup.isDirectoryOwn) {
      const onError = (error: unknown): void =>
        setup.turn.onError?.(error, { step: 'stream', ...placeIds(place) })
      closers.push(watchDirectory(setup.client, () => live, onError))
    }
    const showLive = (reply: Reply): void => {
      live = reply
      show(reply)
    }
    const result = await runIn(setup, call, place, { ...watcher, show: showLive })
    if (result.status !== 'skipped') return await factsOf(setup, call, result, source)
    if (followed === null)
      throw new Error(`the turn of call ${call.callId} was left: ${result.reason}`)
    show(followed)
    return await factsOfRecord(setup, call, await followed.ended, followed)
  }

  return {
    source: () => source,
    ended: work(),
    close() {
      for (const close of closers.splice(0)) close()
    },
  }
}

function placeIds({ turnId, conversationId }: Place): Pick<Place, 'turnId' | 'conversationId'> {
  return { turnId, conversationId }
}

/** Null when there is no server to be had; why is the host's to know. */
async function connect(
  { connect: open, turn }: RunSetup,
  call: AgentCall,
): Promise<Connection | null> {
  try {
    return await open()
  } catch (error) {
    const { callId } = call
    turn.onError?.(error, { step: 'session', turnId: callId, conversationId: null })
    return null
  }
}

/** Runs the turn, or waits until whoever runs it has ended it. */
async function runIn(
  setup: ConnectedSetup,
  call: AgentCall,
  place: Place,
  watcher: Watcher & { readonly show: (reply: Reply) => void },
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
      onReply: watcher.show,
      cancelSignal: watcher.cancelSignal,
      ...(rows !== null && setup.signal && { signal: setup.signal }),
    })
    if (result.status !== 'skipped' || result.reason === 'settled') return result
    const { reason } = result
    if (reason === 'missing') throw rowsMissing(call)
    if (reason === 'handed_off') throw handedOff(call)
    // Another worker took the turn over: it is waited for, or run here when that one is gone.
  }
}

async function follow(setup: RunSetup, place: Place): Promise<FollowedTurn | null> {
  const { clock, rows, turn } = setup
  const { onError } = turn
  return await followTurn({
    store: place.store,
    ...(rows?.notifier && { notifier: rows.notifier }),
    turnId: place.turnId,
    clock,
    ...(onError && { onError }),
  })
}

function answerIn({ store, turnId }: Place): Parameters<typeof addRunningCall>[1]['answer'] {
  return async (request) =>
    (await store.answerAsk?.({ turnId, ...request })) ?? {
      accepted: false,
      reason: 'missing',
      ask: null,
    }
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

async function factsOf(
  setup: ConnectedSetup,
  call: AgentCall,
  result: Exclude<TurnResult, { status: 'skipped' }>,
  source: ReplySource | null,
): Promise<EndFacts> {
  const { artifacts, cost, status } = result
  const stop = status === 'completed' ? null : result.stop
  return {
    ...(await statusOf(setup, call, status, { ending: result.ending, source, report: artifacts })),
    stop,
    cost,
  }
}

async function factsOfRecord(
  setup: ConnectedSetup,
  call: AgentCall,
  record: TurnRecord,
  source: ReplySource,
): Promise<EndFacts> {
  const status =
    record.status === 'completed' || record.status === 'failed' ? record.status : 'cancelled'
  const ending = endingOf(record) ?? 'cancelled'
  const facts = await statusOf(setup, call, status, { ending, source, report: null })
  return { ...facts, stop: null, cost: record.cost ?? 0 }
}

async function statusOf(
  { client }: ConnectedSetup,
  call: AgentCall,
  status: 'completed' | 'failed' | 'cancelled',
  end: {
    readonly ending: TurnEnding
    readonly source: ReplySource | null
    readonly report: unknown
  },
): Promise<Omit<EndFacts, 'stop' | 'cost'>> {
  const { fs } = client
  const { source, report } = end
  const outputFile =
    call.outputFile === null
      ? null
      : await verifyOutputFile(call.outputFile, {
          view: source?.view() ?? null,
          directory: source?.directory ?? null,
          report,
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
const cancelled: EndFacts = { ...nothing, status: 'cancelled', error: null }

const unreachable: RunError = {
  code: 'server_unreachable',
  message: turnEndings.server_unreachable.words,
  retryable: turnEndings.server_unreachable.retryable,
}

function failed(error: RunError): EndFacts {
  return { ...nothing, status: 'error', error }
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
