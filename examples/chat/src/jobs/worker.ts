import type { MessageArtifacts } from '@turnstead/artifacts'
import type { SessionStore } from '@turnstead/session'
import {
  createTurnWorker,
  type HistoryStore,
  waitForPerson,
  type Prompt,
  type TurnClient,
} from '@turnstead/turn'
import type { Feed } from '../live/feed.js'
import { createLiveTurn, type LiveTurn, type LiveTurns } from '../live/live-turn.js'

/** A turn as it waits in the line of its conversation. */
export interface Job {
  readonly conversationId: number
  readonly turnId: number
  readonly prompt: Prompt
}

/** Runs turns in this process, and shows them on the open pages. */
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
  readonly history: HistoryStore
  readonly artifacts: MessageArtifacts
  readonly feed: Feed
  /** Survives a restart, so that this process may go on with its own turns at once. */
  readonly name: string
  /** Folders of this machine whose paths no page shall see. */
  readonly roots: readonly string[]
  /** Called when a turn is over. `isShown`: this process ran it to its end, so the open pages have followed it. */
  readonly onEnd: (job: Job, options: { readonly isShown: boolean }) => Promise<void>
  readonly onError: (error: unknown, where: string) => void
}

export function createWorker(options: WorkerOptions): Worker {
  const { client, store, artifacts, feed, onError } = options
  const turns = new Map<number, LiveTurn>()
  let trouble: string | null = null

  const worker = createTurnWorker({
    client,
    store,
    history: options.history,
    artifacts,
    owner: options.name,
    asks: waitForPerson,
    // The rows are gone through when the application starts.
    resumeMs: 0,
    onError: (error, { step }) => onError(error, step),
    turnOptions: ({ conversationId, turnId }) => {
      const live = turns.get(Number(turnId))
      return {
        onReply: (reply) => live?.follow(reply),
        onError: (error, { step }) => {
          if (step === 'stream' || step === 'poll' || step === 'send') live?.say(unreachable)
          onError(error, `conversation ${conversationId}, turn ${turnId}, ${step}`)
        },
      }
    },
  })

  async function runToEnd(job: Job, live: LiveTurn): Promise<void> {
    const { conversationId, turnId, prompt } = job
    try {
      const result = await worker.enqueue({ conversationId, turnId, prompt })
      live.finish()
      turns.delete(turnId)
      // It is left to the next start of the application.
      if (result === null) return
      await options.onEnd(job, { isShown: result.status !== 'skipped' })
    } catch (error) {
      onError(error, `conversation ${conversationId}, turn ${turnId}, end`)
    }
  }

  return {
    run(job) {
      const live = createLiveTurn({
        turnId: job.turnId,
        roots: options.roots,
        publish: (changes) => feed.publish(job.conversationId, changes),
      })
      live.say(trouble)
      turns.set(job.turnId, live)
      void runToEnd(job, live)
    },
    live: (turnId) => turns.get(turnId) ?? null,
    async stop(turnId) {
      turns.get(turnId)?.sayStopping()
      await worker.cancel({ turnId, reason: 'stopped by the reader' })
    },
    say(text) {
      trouble = text
      for (const live of turns.values()) live.say(text)
    },
    close: () => worker.close(),
  }
}

const unreachable = 'OpenCode does not answer. Trying again; what you see is kept.'
