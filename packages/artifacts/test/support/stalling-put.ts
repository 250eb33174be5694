import { createDiskStore } from '../../src/disk.js'
import { parseArtifactKey } from '../../src/store/key.js'

/** A process that begins to put an object, says so, and never comes to the end. */
async function* stalling(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(100_000)
  process.stdout.write('begun')
  await new Promise((resolve) => setTimeout(resolve, 600_000))
}

const [, , root = '', key] = process.argv
await createDiskStore({ root }).put(parseArtifactKey(key), stalling())
