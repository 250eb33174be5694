import type { MessageArtifacts } from '@turnstead/artifacts'
import type { Reply } from '@turnstead/reply'
import {
  type TurnClient,
  type TurnWorkerHealth,
  type TurnWorkerOptions,
  waitForPerson,
} from '@turnstead/turn'
import type { Prompts } from '../agent/prompts.js'
import type { Workspaces } from '../agent/workspaces.js'
import type { News } from '../live/news.js'
import type { ChatRows } from '../rows/rows.js'
import { forgetReplaced } from './forget-replaced.js'
import { historyWithoutReplaced } from './history-without-replaced.js'
import { createSpares } from './spares.js'
import { createUnloading } from './unload.js'

/** A worker, whichever way jobs come to it. */
export interface RunningWorker {
  health(): TurnWorkerHealth
  /** Leaves running turns as they are, for the next worker. */
  close(): Promise<void>
}

/** What a worker needs; `compose.ts` puts it together. */
export interface WorkerParts {
  readonly client: TurnClient
  readonly rows: ChatRows
  readonly news: News
  readonly notifier: NonNullable<TurnWorkerOptions['notifier']>
  readonly workspaces: Workspaces
  /** Takes the files of an agent that works in this folder. */
  readonly artifactsIn: (directory: string, client: TurnClient) => MessageArtifacts
  readonly prompts: Prompts
  /** Survives a restart, so that this process may go on with its own turns at once. */
  readonly name: string
  readonly leaseMs: number
  /** How long a turn that asks is held by this process. Default 60,000 ms. */
  readonly parkAfterMs?: number | undefined
  /** How long the server may be away. Default: what `@turnstead/turn` says. */
  readonly server?: { readonly outageMs: number }
  /** Has the server open a folder. Default: it does with the first turn in it. */
  readonly warm?: (directory: string) => Promise<void>
  /** Has the server let go of a folder. Default: it keeps all. */
  readonly unload?: (directory: string) => Promise<void>
  /** So long after the last turn of a conversation. */
  readonly unloadAfterMs?: number
  /** Aborts when the worker ends: what is done beside turns ends then. */
  readonly signal?: AbortSignal
  readonly onError: (error: unknown, where: string) => void
}

/** How this application runs turns. */
export function turnWorkerOptions(parts: WorkerParts): TurnWorkerOptions {
  const { client, rows, news, notifier, workspaces, leaseMs, onError } = parts
  const { store } = rows
  const history = historyWithoutReplaced(rows.history, rows.replaced)
  const clientIn = scopesOf(client)

  const unloading = createUnloading({
    rows,
    unload: parts.unload ?? (async () => undefined),
    owner: `${parts.name} unloads`.slice(0, 255),
    leaseMs,
    onError,
    ...(parts.unloadAfterMs !== undefined && { idleMs: parts.unloadAfterMs }),
  })

  const { warm, signal } = parts
  signal?.addEventListener('abort', () => unloading.close())
  const spare =
    warm === undefined
      ? () => undefined
      : createSpares({ folders: rows.spareFolders, workspaces, warm, signal, onError })
  spare()

  /** A turn is over: the lists of its user show that. */
  const ended = async (turnId: unknown): Promise<void> => {
    const found = await rows.findTurn(Number(turnId))
    // Not before: it would take the time of the turn.
    spare()
    if (found === null) return
    const { conversation } = found
    news.tell(conversation.user_id, conversation.id)
    unloading.ended(conversation.id, workspaces.directoryOf(conversation))
  }

  return {
    client,
    store,
    history,
    notifier,
    owner: parts.name,
    ...(parts.server && { server: parts.server }),
    asks: waitForPerson,
    // The question stays on the page until someone answers or stops the turn.
    budgets: { askMs: Infinity },
    timing: { leaseMs, parkAfterMs: parts.parkAfterMs ?? defaultParkAfterMs },
    resumeMs: leaseMs / 2,
    onSettled: ({ turnId }) => ended(turnId),
    onError: (error, { step }) => onError(error, step),
    turnOptions: async ({ conversationId, turnId }) => {
      const found = await rows.findTurn(Number(turnId))
      if (found === null) return {}
      const { message, conversation } = found
      const directory = await workspaces.open(conversation)
      const scoped = clientIn(directory)
      await forgetReplaced({
        client: scoped,
        replaced: rows.replaced,
        conversationId: conversation.id,
        sessionId: conversation.opencode_session_id,
      })
      const input = await parts.prompts(message, directory)
      if (input !== null) await rows.setInput(message.id, input)
      const changed = (): void => news.tell(conversation.user_id, conversation.id)
      changed()
      const hasNoMemory = await rows.replaced.isAllBefore(conversation.id, message.id)
      return {
        client: scoped,
        // Of a session that was lost nothing is to be told again then.
        ...(hasNoMemory && { recovery: { onSessionLost: 'replace' as const } }),
        artifacts: parts.artifactsIn(directory, scoped),
        onReply: (reply) => tellOfAsks(reply, changed),
        onError: (error, { step }) =>
          onError(error, `conversation ${conversationId}, turn ${turnId}, ${step}`),
      }
    },
  }
}

function tellOfAsks(reply: Reply, changed: () => void): void {
  reply.observe({
    askOpened: changed,
    askResolved: changed,
    askExpired: changed,
    askWithdrawn: changed,
  })
}

/** One client for each folder: what it has learned of that is kept with it. */
function scopesOf(client: TurnClient): (directory: string) => TurnClient {
  const scopes = new Map<string, TurnClient>()
  return (directory) => {
    const known = scopes.get(directory)
    scopes.delete(directory)
    const scoped = known ?? client.withScope({ directory })
    scopes.set(directory, scoped)
    for (const oldest of scopes.keys()) {
      if (scopes.size <= maxScopes) break
      scopes.delete(oldest)
    }
    return scoped
  }
}

const maxScopes = 200
const defaultParkAfterMs = 60_000
