import { setTimeout as sleep } from 'node:timers/promises'
import type { MessageArtifacts } from '@turnstead/artifacts'
import type { Ask } from '@turnstead/reply'
import type { SessionStore } from '@turnstead/session'
import {
  type AskAnswer,
  runTurn,
  waitForPerson,
  type SessionSetup,
  type TurnClient,
  type TurnResult,
} from '@turnstead/turn'
import { sendAnswer } from './answers.js'
import type { Feed } from './feed.js'
import { createLiveTurn, type LiveTurn } from './live-turn.js'

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
export interface Worker {
  run(job: Job): void
  /** The turn, if it waits or runs here. */
  live(turnId: number): LiveTurn | null
  /** A person's stop. */
  stop(turnId: number): Promise<void>
  /** A person's answer to a permission or question. */
  answer(ask: Ask, answer: AskAnswer): Promise<void>
  /** Tells the readers of every turn what is wrong; null takes it back. */
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
  /** The agent's folder. */
  readonly directory: string
  readonly session?: SessionSetup
  /** Told when a turn is over. `isShown`: this process ran it to its end, so the open pages have followed it. */
  readonly onEnd: (job: Job, options: { readonly isShown: boolean }) => Promise<void>
  readonly onError: (error: unknown, job: Job) => void
  /** Before the next try for a conversation that another worker holds. Default 2,000 ms. */
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
  const handoff = new AbortController()
  let trouble: string | null = null

  /** Runs it until it is over; null when it is left to another worker. */
  async function runToEnd(job: Job, { live, stop }: RunningTurn): Promise<TurnResult | null> {
    while (!handoff.signal.aborted) {
      const result = await runTurn({
        client,
        store,
        artifacts,
        conversationId: job.conversationId,
        turnId: job.turnId,
        prompt: { text: job.prompt },
        owner: options.name,
        ...(options.session === undefined ? {} : { session: options.session }),
        asks: waitForPerson,
        cancelSignal: stop.signal,
        signal: handoff.signal,
        onReply: (reply) => live.follow(reply),
        onError: (error, step) => {
          if (step === 'stream' || step === 'poll' || step === 'send') live.say(unreachable)
          options.onError(error, job)
        },
      }).catch((error: unknown) => {
        options.onError(error, job)
        return null
      })
      if (result !== null && !isBusy(result)) return result
      await sleep(retryMs, undefined, { signal: handoff.signal }).catch(() => undefined)
    }
    return null
  }

  return {
    run(job) {
      const live = createLiveTurn({
        turnId: job.turnId,
        directory: options.directory,
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
          if (result === null || handoff.signal.aborted) return
          await options.onEnd(job, { isShown: result.status !== 'skipped' })
        })
        .catch((error: unknown) => options.onError(error, job))
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
    answer: (ask, answer) => sendAnswer(client, ask, answer),
    say(text) {
      trouble = text
      for (const { live } of turns.values()) live.say(text)
    },
    async close() {
      handoff.abort(new Error('the application is closing'))
      await Promise.all(lines.values())
    },
  }
}

/** Somebody else holds the conversation, or held it when this turn was claimed. */
function isBusy(result: TurnResult): boolean {
  return result.status === 'skipped' && (result.reason === 'busy' || result.reason === 'lease_lost')
}

const unreachable = 'OpenCode does not answer. Trying again; what you see is kept.'
