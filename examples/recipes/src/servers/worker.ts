/** A worker process, of which there may be any number: the only ones that talk to OpenCode. */
import { createMessageArtifacts } from '@turnstead/artifacts'
import { waitForPerson } from '@turnstead/turn'
import { createClient } from '@turnstead/wire'
import { startGraphileWorker } from '../queues/graphile-worker.js'
import { bytes, close, DATABASE_URL, knex, notifier, SCHEMA, store } from './host.js'

const { OPENCODE_URL = '', OPENCODE_DIRECTORY = '', OWNER = 'worker-1' } = process.env
const client = createClient({ baseUrl: OPENCODE_URL, directory: OPENCODE_DIRECTORY })
// Over the server, so that the agent's disk may be another machine's.
const files = { store: bytes, agentDirectory: OPENCODE_DIRECTORY, reader: client.fs }
const turns = { client, store, notifier, artifacts: createMessageArtifacts(files), owner: OWNER }
const worker = await startGraphileWorker(
  { connectionString: DATABASE_URL, schema: SCHEMA },
  { ...turns, knex, asks: waitForPerson },
)
process.once('SIGTERM', () =>
  worker
    .close()
    .then(() => client.close())
    .then(close),
)
