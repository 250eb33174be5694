import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

import { createDiskStore } from '../src/disk.js'
import { parseArtifactKey } from '../src/store/key.js'
import { createMessageArtifacts } from '../src/collect/message-artifacts.js'
import { makeTempDir } from './support/temp-dir.js'
import { writeCall } from './support/tool-calls.js'

const fileBytes = 256 * 1024 * 1024
const block = Buffer.alloc(1024 * 1024, 7)

async function* blocks(): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < fileBytes; sent += block.byteLength) yield block
}

/** How far the memory outside the heap, where buffers live, rises above its start while something runs. */
async function peakGrowth(run: () => Promise<unknown>): Promise<number> {
  const start = process.memoryUsage().arrayBuffers
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - start)
  }, 5)
  await run()
  clearInterval(timer)
  return peak
}

describe('a file that is larger than the memory it may take', () => {
  let temp: string
  let remove: () => Promise<void>

  beforeEach(async () => {
    const made = await makeTempDir()
    temp = made.path
    remove = made.remove
  })

  afterEach(async () => remove())

  it('passes through the disk store and through a collection', async function () {
    this.timeout(60_000)
    const store = createDiskStore({ root: join(temp, 'store') })
    const key = parseArtifactKey('a')
    const put = await peakGrowth(async () => store.put(key, blocks()))
    const got = await peakGrowth(async () => {
      const found = await store.get(key)
      let total = 0
      for await (const chunk of found?.body ?? []) total += (chunk as Uint8Array).byteLength
      expect(total).to.equal(fileBytes)
    })
    await store.remove(key)
    const file = await open(join(temp, 'a.bin'), 'w')
    for await (const chunk of blocks()) await file.write(chunk)
    await file.close()
    const limits = { maxFileBytes: fileBytes }
    const artifacts = createMessageArtifacts({ store, directory: temp, limits })
    const collected = await peakGrowth(async () => {
      const tools = [writeCall('a.bin', '')]
      const { kept } = await artifacts.collect({ turnId: 1, tools })
      expect(kept[0]?.sizeBytes).to.equal(fileBytes)
    })
    for (const growth of [put, got, collected]) expect(growth).to.be.below(fileBytes / 2)
  })
})
