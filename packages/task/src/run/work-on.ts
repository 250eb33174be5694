import type { Reply, ReplySource } from '@turnstead/reply'
import { type FollowedTurn, followTurn } from '@turnstead/turn'
import type { Connection } from './connection.js'
import { watchDirectory } from './directory-events.js'
import { cancelled, factsOf, factsOfRecord, failed, unreachable } from './end-facts.js'
import { type RunTools, openHostTools } from './host-tools.js'
import { TaskError } from '../errors.js'
import { placeOf, type Place } from './place.js'
import { report } from './report.js'
import { runInPlace } from './run-in-place.js'
import { addRunningCall } from './running-calls.js'
import { bringRules } from './session-rules.js'
import type { AgentCall, ConnectedSetup, RunSetup } from './run-setup.js'
import type { EndFacts } from './screen.js'

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
      const onError = (error: unknown): void => report(setup.turn, call, error, 'stream')
      closers.push(watchDirectory(setup.client, () => live, onError))
    }
    const showLive = (reply: Reply): void => {
      live = reply
      show(reply)
    }
    const standing = followed?.record
    const isTakenOver = standing?.status === 'running' && standing.prompt !== null
    const tools = await offer(setup, call, { source: () => source, isTakenOver })
    if (tools === null) return failed(unreachable)
    if (call.sessionId !== null) {
      const { rules } = tools
      const signal = watcher.cancelSignal
      await bringRules(setup.client, call.sessionId, { rules, signal }).catch((error: unknown) => {
        if (!signal.aborted) report(setup.turn, call, error, 'session')
      })
    }
    const result = await runInPlace(withTools(setup, tools), call, place, {
      ...watcher,
      show: showLive,
    }).then(
      async (ended) => {
        await tools.close(ended.status === 'skipped')
        return ended
      },
      async (error: unknown) => {
        await tools.close(TaskError.is(error) && error.code === 'handed_off')
        throw error
      },
    )
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

/** Null when there is no server to be had; why is the host's to know. */
async function connect(
  { connect: open, turn }: RunSetup,
  call: AgentCall,
): Promise<Connection | null> {
  try {
    return await open()
  } catch (error) {
    report(turn, call, error, 'session')
    return null
  }
}

/** Null when the server does not take them, or cannot be reached. */
async function offer(
  setup: ConnectedSetup,
  call: AgentCall,
  of: Parameters<typeof openHostTools>[2],
): Promise<RunTools | null> {
  try {
    return await openHostTools(setup, call, of)
  } catch (error) {
    if (error instanceof TypeError) throw error
    report(setup.turn, call, error, 'session')
    return null
  }
}

function withTools(setup: ConnectedSetup, { client, rules }: RunTools): ConnectedSetup {
  const { session = {} } = setup.turn
  const permission = [...(session.permission ?? []), ...rules]
  return { ...setup, client, turn: { ...setup.turn, session: { ...session, permission } } }
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
