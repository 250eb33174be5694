/** How far the memory of the process grows while a file of 1 GiB is collected into a store on disk, from a shared disk and over the server. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdtemp, mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { createMessageArtifacts, type MessageArtifactsOptions } from '../src/index.js'
import { createDiskStore } from '../src/disk.js'

const gib = 2 ** 30
const mib = 2 ** 20

export const collectMemory = {
  name: 'artifacts.collect',
  async run() {
    const temp = await mkdtemp(join(tmpdir(), 'turnstead-artifacts-'))
    const server = await startFileServer()
    try {
      const directory = join(temp, 'agent')
      await mkdir(directory)
      await writeFile(join(directory, 'big.bin'), '')
      await truncate(join(directory, 'big.bin'), gib)
      const far = {
        agentDirectory: directory,
        reader: {
          read: async () => fetch(server.url) as Promise<{ body: ReadableStream<Uint8Array> }>,
        },
      }
      const fromDisk = await growthOf(temp, { directory })
      const fromServer = await growthOf(temp, far)
      return [
        { name: 'artifacts.collect.disk.rss_growth_mb_1gib', value: fromDisk, ...figure },
        { name: 'artifacts.collect.server.rss_growth_mb_1gib', value: fromServer, ...figure },
      ]
    } finally {
      server.close()
      await rm(temp, { recursive: true })
    }
  },
}

const figure = { unit: 'MiB', better: 'lower' } as const

async function growthOf(
  temp: string,
  options: Omit<MessageArtifactsOptions, 'store'>,
): Promise<number> {
  const root = await mkdtemp(join(temp, 'store-'))
  const artifacts = createMessageArtifacts({
    store: createDiskStore({ root }),
    limits: { maxFileBytes: gib, readTimeoutMs: 600_000, collectMs: 1_200_000 },
    ...options,
  })
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  let most = before
  const sampler = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20)
  try {
    const tools = [{ tool: 'edit', status: 'completed', input: { filePath: 'big.bin' } }]
    const { kept } = await artifacts.collect({ turnId: 1, tools })
    if (kept[0]?.sizeBytes !== gib) throw new Error('The file was not kept.')
  } finally {
    clearInterval(sampler)
    await rm(root, { recursive: true })
  }
  return Math.round((most - before) / mib)
}

async function startFileServer(): Promise<{ readonly url: string; readonly close: () => void }> {
  const piece = Buffer.alloc(65_536, 7)
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': gib })
    const pieces = function* (): Generator<Buffer> {
      for (let sent = 0; sent < gib; sent += piece.byteLength) yield piece
    }
    Readable.from(pieces()).pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
