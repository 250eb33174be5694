import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { appendFile, open, truncate, utimes, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

import {
  diskFile,
  serverFile,
  toolInputFile,
  type AgentFile,
  type AgentFileLimits,
  type RemoteReader,
} from '../src/collect/agent-file.js'
import { systemClock } from '../src/clock.js'
import { makeTempDir } from './support/temp-dir.js'
import { dropOf, rejectionOf } from './support/thrown.js'

const limits: AgentFileLimits = {
  maxBytes: 100_000,
  timeoutMs: 60_000,
  clock: systemClock,
  signal: undefined,
  settledAt: null,
  since: null,
}

async function readAll(
  file: AgentFile,
  onChunk: (index: number) => Promise<void> = async () => {},
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of file.read()) {
    chunks.push(chunk)
    await onChunk(chunks.length)
  }
  return Buffer.concat(chunks)
}

describe('diskFile', () => {
  let path: string
  let handle: FileHandle
  let remove: () => Promise<void>

  beforeEach(async () => {
    const temp = await makeTempDir()
    remove = temp.remove
    path = join(temp.path, 'a.bin')
    await writeFile(path, Buffer.alloc(100_000, 'x'))
    handle = await open(path)
  })

  afterEach(async () => {
    await handle.close()
    await remove()
  })

  it('reads up to the limit, as often as it is asked', async () => {
    const file = diskFile(handle, limits)
    expect(await readAll(file)).to.have.length(100_000)
    expect(await readAll(file)).to.have.length(100_000)
  })

  it('refuses one byte more than the limit before it reads', async () => {
    const file = diskFile(handle, { ...limits, maxBytes: 99_999 })
    expect(await dropOf(readAll(file))).to.equal('too_large')
  })

  it('refuses a file that grows past the limit while it is read', async () => {
    const file = diskFile(handle, limits)
    const grow = async (index: number): Promise<void> => {
      if (index === 1) await appendFile(path, Buffer.alloc(500_000))
    }
    expect(await dropOf(readAll(file, grow))).to.equal('too_large')
  })

  it('refuses a file that grows, shrinks or changes in place while it is read', async () => {
    const file = diskFile(handle, { ...limits, maxBytes: 1_000_000 })
    const changes = [
      async () => appendFile(path, 'more'),
      async () => truncate(path, 70_000),
      async () => utimes(path, 1, 1),
    ]
    for (const change of changes) {
      const onChunk = async (index: number): Promise<void> => {
        if (index === 1) await change()
      }
      expect(await dropOf(readAll(file, onChunk))).to.equal('changing')
    }
  })

  it('stops at an abort with its reason', async () => {
    const controller = new AbortController()
    const file = diskFile(handle, { ...limits, signal: controller.signal })
    const reason = new Error('stopped')
    const reading = readAll(file, async () => controller.abort(reason))
    expect(await rejectionOf(reading)).to.equal(reason)
  })
})

describe('serverFile', () => {
  const bytes = (...texts: string[]): RemoteReader => ({
    read: async () => ({
      body: (async function* () {
        for (const text of texts) yield Buffer.from(text)
      })(),
    }),
  })

  it('reads what the server sends, and nothing for no body', async () => {
    expect((await readAll(serverFile(bytes('he', 'llo'), 'a', limits))).toString()).to.equal(
      'hello',
    )
    const none: RemoteReader = { read: async () => ({ body: null }) }
    expect(await readAll(serverFile(none, 'a', limits))).to.have.length(0)
  })

  it('takes the body of a web Response', async () => {
    const reader: RemoteReader = { read: async () => new Response('hello') }
    expect((await readAll(serverFile(reader, 'a', limits))).toString()).to.equal('hello')
  })

  it('refuses more than the limit and frees the connection', async () => {
    let isFreed = false
    const reader: RemoteReader = {
      read: async (_path, { signal }) => {
        signal?.addEventListener('abort', () => (isFreed = true))
        return (await bytes('12345', '6').read('a', {})) ?? null
      },
    }
    const file = serverFile(reader, 'a', { ...limits, maxBytes: 5 })
    expect(await dropOf(readAll(file))).to.equal('too_large')
    expect(isFreed).to.equal(true)
  })

  it('gives up a server that never answers, and one that falls silent', async () => {
    const never = async (): Promise<never> => new Promise(() => {})
    const silent = (async function* () {
      yield Buffer.from('x')
      await never()
    })()
    for (const reader of [{ read: never }, { read: async () => ({ body: silent }) }]) {
      const clock = createManualClock()
      const file = serverFile(reader, 'a', { ...limits, clock, timeoutMs: 5_000 })
      const outcome = rejectionOf(readAll(file))
      await new Promise((resolve) => setImmediate(resolve))
      await clock.advance(5_000)
      expect(await outcome).to.have.property('message', 'The file did not arrive within 5000 ms.')
      expect(clock.pending).to.equal(0)
    }
  })

  it('stops at an abort with its reason, though the server says nothing', async () => {
    const controller = new AbortController()
    const reader: RemoteReader = { read: async () => new Promise(() => {}) }
    const file = serverFile(reader, 'a', { ...limits, signal: controller.signal })
    const outcome = rejectionOf(readAll(file))
    const reason = new Error('stopped')
    controller.abort(reason)
    expect(await outcome).to.equal(reason)
  })
})

describe('toolInputFile', () => {
  it('gives the text as UTF-8, within the limit', async () => {
    expect((await readAll(toolInputFile('für', limits))).toString()).to.equal('für')
    const file = toolInputFile('für', { ...limits, maxBytes: 3 })
    expect(await dropOf(readAll(file))).to.equal('too_large')
  })
})
