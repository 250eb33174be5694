import type { ArtifactStore, MessageArtifacts } from '@turnstead/artifacts'
import type { TurnClient } from '@turnstead/turn'
import type { Express } from 'express'
import type { Knex } from 'knex'
import { createPrompts, type Prompts } from './agent/prompts.js'
import type { AgentState, ModelInfo } from './agent/state.js'
import { createWorker, type Worker } from './jobs/worker.js'
import { createFeed, type Feed } from './live/feed.js'
import { createTurnNotices } from './live/turn-notices.js'
import { createTurnViews } from './live/turn-views.js'
import { createChatRows, type ChatRows } from './rows/rows.js'
import { createApp } from './web/app.js'
import type { PublicAddress } from '@turnstead-examples/start'

/** What the application stands on. `start-chat.ts` gives it the real things, a test whatever it likes. */
export interface ChatParts {
  readonly database: Knex
  readonly client: TurnClient
  readonly artifacts: MessageArtifacts
  readonly artifactStore: ArtifactStore
  /** The agent's folder on this machine. */
  readonly directory: string
  /** Unique to this process, and the same after its restart. */
  readonly workerName: string
  /** Folders of this machine whose paths no page shall see, the inner ones first. */
  readonly roots: readonly string[]
  readonly model: ModelInfo
  /** Prompts that the first page offers. */
  readonly suggestions: readonly string[]
  readonly agentState: () => AgentState
  readonly address: PublicAddress
  readonly onError: (error: unknown, where?: string) => void
}

/** The application, put together; it listens to nothing yet. */
export interface ComposedChat {
  readonly app: Express
  readonly rows: ChatRows
  readonly worker: Worker
  readonly feed: Feed
  readonly prompts: Prompts
}

export function composeChat(parts: ChatParts): ComposedChat {
  const { database, client, artifacts, roots, onError } = parts
  const rows = createChatRows(database)
  const feed = createFeed()
  const worker = createWorker({
    client,
    store: rows.store,
    history: rows.history,
    artifacts,
    feed,
    name: parts.workerName,
    roots,
    onEnd: ({ turnId }, options) => notices.end(turnId, options),
    onError,
  })
  const views = createTurnViews({ worker, artifacts, roots })
  const notices = createTurnNotices({ rows, views, feed })
  const prompts = createPrompts({ store: parts.artifactStore, directory: parts.directory, onError })
  const app = createApp({ ...parts, rows, worker, feed, views, notices, prompts })
  return { app, rows, worker, feed, prompts }
}
