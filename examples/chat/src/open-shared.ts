import { createMessageArtifacts } from '@turnstead/artifacts'
import type { TurnJob, TurnWorkerOptions } from '@turnstead/turn'
import type { Client } from '@turnstead/wire'
import { logError } from '@turnstead-examples/start'
import { createWorkspaces } from './agent/workspaces.js'
import type { Closers } from './closers.js'
import type { SharedParts, WorkingParts } from './compose.js'
import { openFileStore } from './file-store.js'
import { createGraphileQueue, migrateQueue, startGraphileWorker } from './jobs/graphile-queue.js'
import { createInProcessQueue } from './jobs/in-process-queue.js'
import type { RunningWorker } from './jobs/worker.js'
import { openDatabase } from './rows/database.js'
import { openNotifier } from './rows/notifier.js'
import { createChatRows } from './rows/rows.js'
import { isPostgres, type Settings } from './settings.js'

/** What a process of any role has, and how it would run turns. */
export interface Shared extends SharedParts {
  start(options: TurnWorkerOptions): Promise<RunningWorker>
}

/** So many turns run in one process at once. */
const concurrency = 10

/** Opens what the processes of the application share: rows, their notices, the queue, the files. */
export async function openShared(settings: Settings, closers: Closers): Promise<Shared> {
  const { databaseUrl, queue: schema, leaseMs, workspace, dataDir } = settings
  const hasQueue = isPostgres(databaseUrl)
  const database = await openDatabase(databaseUrl, {
    migrateMore: async () => (hasQueue ? await migrateQueue(databaseUrl, schema) : undefined),
  })
  closers.add('database', () => database.destroy())
  const opened = await openNotifier(settings, logError)
  closers.add('notifier', () => opened.close())
  const { notifier } = opened
  const inProcess = hasQueue ? null : createInProcessQueue()
  const queue = inProcess ?? createGraphileQueue(schema)
  const rows = createChatRows({ knex: database, notifier, queue, leaseMs, onError: logError })

  return {
    database,
    notifier,
    queue,
    rows,
    artifactStore: await openFileStore(settings),
    workspaces: createWorkspaces({ workspace, hidden: [dataDir] }),
    onError: logError,
    async start(options) {
      if (inProcess === null) {
        const connectionString = databaseUrl
        return await startGraphileWorker({
          ...options,
          knex: database,
          connectionString,
          schema,
          leaseMs,
          concurrency,
        })
      }
      const pending = await rows.pendingTurns()
      const jobs = pending.map(({ id: turnId, conversationId }): TurnJob => ({
        turnId,
        conversationId,
      }))
      return inProcess.start(jobs, { ...options, concurrency })
    },
  }
}

/** What this process needs to run turns on a server. */
export function workingParts(
  shared: Shared,
  settings: Settings,
  { client, outageMs }: { readonly client: Client; readonly outageMs?: number },
): WorkingParts {
  const { artifactStore: store } = shared
  return {
    ...shared,
    client,
    // Over the server where the disk is another machine's.
    artifactsIn: (directory) =>
      createMessageArtifacts({ store, directory, reader: client.withScope({ directory }).fs }),
    warm: async (directory) => {
      const scoped = client.withScope({ directory })
      // What a first turn would wait for.
      await scoped.session.status()
      await Promise.all([scoped.agent.list(), scoped.config.providers()])
    },
    unload: async (directory) => void (await client.withScope({ directory }).instance.dispose()),
    workerName: settings.workerName,
    leaseMs: settings.leaseMs,
    ...(outageMs === undefined ? {} : { server: { outageMs } }),
  }
}
