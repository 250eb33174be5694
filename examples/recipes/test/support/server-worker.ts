/** The worker process of the servers, quick enough for tests. */
import { openTurns } from '../../src/servers/turns.js'
import { startWorker } from '../../src/servers/worker.js'

process.env['NO_LOG_SUCCESS'] = '1'
const env = (name: string): string => process.env[name] ?? ''
const turns = openTurns({
  databaseUrl: env('DATABASE_URL'),
  filesRoot: env('FILES'),
  schema: env('SCHEMA'),
})
const openCode = { baseUrl: env('OPENCODE_URL'), directory: env('OPENCODE_DIRECTORY') }
const worker = await startWorker(turns, openCode, {
  owner: env('OWNER'),
  resumeMs: 200,
  timing: { leaseMs: 1_000, pollMs: 100, snapshotMs: 50 },
})
process.once('SIGTERM', async () => {
  await worker.close()
  await turns.close()
})
console.log('ready')
