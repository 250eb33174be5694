import type { ArtifactStore, MessageArtifacts } from '@turnstead/artifacts'
import type { Notifier } from '@turnstead/session'
import type { TurnClient, TurnWorkerOptions } from '@turnstead/turn'
import type { PublicAddress } from '@turnstead-examples/start'
import type { Express } from 'express'
import type { Knex } from 'knex'
import { createChoices } from './agent/choices.js'
import { createPrompts } from './agent/prompts.js'
import { agentTroubles, type AgentState, type ModelInfo } from './agent/state.js'
import type { Workspaces } from './agent/workspaces.js'
import { turnWorkerOptions } from './jobs/worker.js'
import { type ConversationFeeds, createConversationFeeds } from './live/conversation-feeds.js'
import { createHeartbeats } from './live/heartbeats.js'
import { createNews } from './live/news.js'
import { createTurnViews } from './live/turn-views.js'
import type { ChatRows } from './rows/rows.js'
import type { TurnQueue } from './rows/turn-queue.js'
import type { Users } from './users/users.js'
import { createApp } from './web/app.js'
import type { AgentClient } from './web/conversation-routes.js'
import { healthRoute } from './web/health.js'
import { createStreams, type Streams } from './web/streams.js'

/** What every process of the application stands on. */
export interface SharedParts {
  readonly database: Knex
  readonly notifier: Notifier
  readonly queue: TurnQueue
  /** One for a process: what runs here is then shown here as it is written. */
  readonly rows: ChatRows
  readonly artifactStore: ArtifactStore
  readonly workspaces: Workspaces
  readonly onError: (error: unknown, where?: string) => void
}

/** What a process needs beside them that answers browsers. `start-chat.ts` gives the real things, a test whatever it likes. */
export interface WebParts extends SharedParts {
  /** Only read here: which files there are. */
  readonly artifacts: MessageArtifacts
  readonly users: Users
  readonly model: ModelInfo
  /** Prompts that the first page offers. */
  readonly suggestions: readonly string[]
  readonly agentState: () => AgentState
  /** The agent's server; null while it is not known. */
  readonly agent: () => AgentClient | null
  readonly address: PublicAddress
  /** How long workers may be silent until others take their turns. */
  readonly leaseMs: number
  /** Numbers for `/health`. */
  readonly facts?: () => Readonly<Record<string, unknown>>
}

/** The part that answers browsers; it listens to nothing yet. */
export interface ComposedWeb {
  readonly app: Express
  readonly streams: Streams
  readonly feeds: ConversationFeeds
  /** Ends the streams: browsers go to another process. */
  close(): void
}

export function composeWeb(parts: WebParts): ComposedWeb {
  const { database, notifier, rows, agentState, onError } = parts
  const news = createNews(notifier, onError)
  const trouble = (): string | null => agentTroubles[agentState()]
  const choices = createChoices(parts.agent)
  const views = createTurnViews({ ...parts, choices, trouble })
  const heartbeats = createHeartbeats({
    read: (ids) => rows.leaseEnds(ids),
    leaseMs: parts.leaseMs,
    onError: (error) => onError(error, 'signs of life'),
  })
  const feeds = createConversationFeeds({ rows, news, views, heartbeats, onError })
  const streams = createStreams()
  let isClosing = false
  const health = healthRoute({
    database,
    isClosing: () => isClosing,
    facts: () => ({
      agent: agentState(),
      streams: streams.size,
      conversations: feeds.size,
      ...parts.facts?.(),
    }),
  })
  const app = createApp({ ...parts, choices, news, feeds, views, streams, health })
  return {
    app,
    streams,
    feeds,
    close() {
      isClosing = true
      streams.close()
      feeds.close()
    },
  }
}

/** What a process needs beside the shared parts that runs turns. */
export interface WorkingParts extends SharedParts {
  readonly client: TurnClient
  readonly artifactsIn: (directory: string, client: TurnClient) => MessageArtifacts
  /** Unique to this process, and the same after its restart. */
  readonly workerName: string
  /** So long after its last sign of life another worker takes its turns. */
  readonly leaseMs: number
  /** How long a turn that asks is held by this process. */
  readonly parkAfterMs?: number | undefined
  /** How long the server may be away. */
  readonly server?: { readonly outageMs: number }
  /** Has the server open a folder. */
  readonly warm?: (directory: string) => Promise<void>
  /** Has the server let go of a folder in which nothing goes on. */
  readonly unload?: (directory: string) => Promise<void>
  readonly unloadAfterMs?: number
  /** Aborts when the worker ends. */
  readonly signal?: AbortSignal
}

/** How turns are run here; which queue brings them is not said yet. */
export function composeWorker(parts: WorkingParts): TurnWorkerOptions {
  const { notifier, artifactStore, onError } = parts
  return turnWorkerOptions({
    ...parts,
    news: createNews(notifier, onError),
    prompts: createPrompts({ store: artifactStore, onError }),
    name: parts.workerName,
  })
}
