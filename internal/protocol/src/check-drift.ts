// pnpm protocol:drift [url]: says in words how a server's OpenAPI document differs from the recorded one.
import { fetchDocument, readRecorded } from './document.js'
import { describeDrift } from './drift.js'
import { startTemporaryServer } from './opencode.js'

const [url] = process.argv.slice(2)
const server = url === undefined ? await startTemporaryServer() : null
try {
  const recorded = await readRecorded()
  const running = await fetchDocument(url ?? server?.url ?? '')
  const versions = `recorded ${recorded.serverVersion}, running ${running.serverVersion}`
  if (recorded.hash === running.hash) {
    process.stdout.write(`The documents are the same (${versions}).\n`)
  } else {
    const lines = describeDrift(recorded.document, running.document)
    process.stdout.write(`${versions}:\n${lines.map((line) => `- ${line}\n`).join('')}`)
    process.exitCode = 1
  }
} finally {
  await server?.close()
}
