import { startServer } from '../../../src/server.js'

/** A host application in its own process: starts a server, prints it, and leaves when its standard input says so. */
const options: unknown = JSON.parse(process.argv[2] ?? '{}')
const server = await startServer(options as Parameters<typeof startServer>[0])
console.log(JSON.stringify({ pid: server.pid, dataDir: server.dataDir }))
if (process.argv[3] === 'close') await server.close()
else process.stdin.once('data', () => process.exit(0))
