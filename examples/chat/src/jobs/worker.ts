import { setTimeout as sleep } from 'node:timers/promises'
import type { MessageArtifacts } from '@turnstead/artifacts'
import type { SessionStore } from '@turnstead/session'
import { runTurn, waitForPerson, type TurnClient, type TurnResult } from '@turnstead/turn'
import type { Feed } from '../live/feed.js'
import { createLiveTurn, type LiveTurn, type LiveTurns } from '../live/live-turn.js'

/** A turn as it waits in the line of its conversation. */
export interface Job {
  readonly conversationId: number
  readonly turnId: number
  readonly prompt: string
}

/**
 * Runs turns in this process, one at a time in each conversation. A host with a job queue has its job
 * call `runTurn` in the same way; correctness rests on the rows, not on this.
 */
export interface Worker extends LiveTurns {
  run(job: Job): void
  /** The user's cancel. */
  stop(turnId: number): Promise<void>
  /** Says to the readers of every turn what is wrong; null takes it back. */
  say(trouble: string | null): void
  /** Leaves running turns as they are, for the next worker of this name. */
  close(): Promise<void>
}

export interface WorkerOptions {
  readonly client: TurnClient
  readonly store: SessionStore
  readonly artifacts: MessageArtifacts
  readonly feed: Feed
  /** Survives a restart, so that this process may go on with its own turns at once. */
  readonly name: string
  /** Folders of this machine whose paths no page shall see. */
  readonly roots: readonly string[]
  /** Called when a turn is over. `isShown`: this process ran it to its end, so the open pages have followed it. */
  readonly onEnd: (job: Job, options: { readonly isShown: boolean }) => Promise<void>
  readonly onError: (error: unknown, where: string) => void
  /** Before the next try for a turn that another worker took and left. Default 2,000 ms. */
  readonly retryMs?: number
}

interface RunningTurn {
  readonly live: LiveTurn
  readonly stop: AbortController
}

export function createWorker(options: WorkerOptions): Worker {
  const { client, store, artifacts, feed, retryMs = 2_000 } = options
  const lines = new Map<number, Promise<void>>()
  const turns = new Map<number, RunningTurn>()
  const closing = new AbortController()
  let trouble: string | null = null

  const report = (error: unknown, { conversationId, turnId }: Job, step: string): void =>
    options.onError(error, `conversation ${conversationId}, turn ${turnId}, ${step}`)

  /** Runs it until it is over; null when it is left to another worker. */
  async function runToEnd(job: Job, { live, stop }: RunningTurn): Promise<TurnResult | null> {
    while (!closing.signal.aborted) {
      const result = await runTurn({
        client,
        store,
        artifacts,
        owner: options.name,
        conversationId: job.conversationId,
        turnId: job.turnId,
        prompt: { text: job.prompt },
        asks: waitForPerson,
        onBusy: 'wait',
        // An answer is found in the row by the renewals of the lease, ten in this time.
        timing: { leaseMs: 10_000 },
        cancelSignal: stop.signal,
        signal: closing.signal,
        onReply: (reply) => live.follow(reply),
        onError: (error, { step }) => {
          if (step === 'stream' || step === 'poll' || step === 'send') live.say(unreachable)
          report(error, job, step)
        },
      }).catch((error: unknown) => {
        report(error, job, 'run')
        return null
      })
      if (result !== null && !(result.status === 'skipped' && result.mustRunAgain)) return result
      await sleep(retryMs, undefined, { signal: closing.signal }).catch(() => undefined)
    }
    return null
  }

  return {
    run(job) {
      const live = createLiveTurn({
        turnId: job.turnId,
        roots: options.roots,
        publish: (changes) => feed.publish(job.conversationId, changes),
      })
      live.say(trouble)
      const turn: RunningTurn = { live, stop: new AbortController() }
      turns.set(job.turnId, turn)
      const before = lines.get(job.conversationId) ?? Promise.resolve()
      const line = before
        .then(() => runToEnd(job, turn))
        .then(async (result) => {
          live.finish()
          turns.delete(job.turnId)
          if (result === null || closing.signal.aborted) return
          await options.onEnd(job, { isShown: result.status !== 'skipped' })
        })
        .catch((error: unknown) => report(error, job, 'end'))
      lines.set(job.conversationId, line)
      void line.then(() => {
        if (lines.get(job.conversationId) === line) lines.delete(job.conversationId)
      })
    },
    live: (turnId) => turns.get(turnId)?.live ?? null,
    async stop(turnId) {
      turns.get(turnId)?.live.sayStopping()
      await store.cancel({ turnId, reason: 'stopped by the reader' })
      turns.get(turnId)?.stop.abort(new Error('stopped by the reader'))
    },
    say(text) {
      trouble = text
      for (const { live } of turns.values()) live.say(text)
    },
    async close() {
      closing.abort(new Error('the application is closing'))
      await Promise.all(lines.values())
    },
  }
}

const unreachable = 'OpenCode does not answer. Trying again; what you see is kept.'
