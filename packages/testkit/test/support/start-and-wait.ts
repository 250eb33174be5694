import { startOpencode } from '../../src/opencode.js'

/** A test run that has a server when it is killed. */
const [, , binary = ''] = process.argv
const server = await startOpencode({ model: 'http://127.0.0.1:1/v1', binary })
process.stdout.write(`${JSON.stringify({ pid: server.pid, folder: server.dataDir })}\n`)
setInterval(() => {}, 1000)
