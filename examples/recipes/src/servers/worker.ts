import { createMessageArtifacts } from '@turnstead/artifacts'
import { waitForPerson } from '@turnstead/turn'
import type { TurnWorkerOptions } from '@turnstead/turn'
import { createClient } from '@turnstead/wire'
import { startGraphileWorker } from '../queues/graphile-worker.js'
import type { Turns } from './turns.js'

/** A worker process, of which there may be any number: the only ones that talk to OpenCode. */
export async function startWorker(
  { knex, databaseUrl, schema, store, notifier, fileStore }: Turns,
  openCode: { baseUrl: string; directory: string },
  options: { owner: string } & Partial<TurnWorkerOptions>,
) {
  const client = createClient(openCode)
  // Over the server, so that the agent's disk may be another machine's.
  const artifacts = createMessageArtifacts({
    store: fileStore,
    agentDirectory: openCode.directory,
    reader: client.fs,
  })
  const worker = await startGraphileWorker(
    { connectionString: databaseUrl, schema },
    { knex, client, store, notifier, artifacts, asks: waitForPerson, ...options },
  )
  return {
    close: async () => {
      await worker.close()
      await client.close()
    },
  }
}
