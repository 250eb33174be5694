import { Readable } from 'node:stream'

import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { createMemoryStore } from '../src/memory.js'
import { artifactResponse } from '../src/serve/serve.js'
import { toWebStream } from '../src/serve/web-stream.js'
import { parseArtifactKey } from '../src/store/key.js'

const size = 3_000_000

describe('the body of artifactResponse', () => {
  const store = createMemoryStore()
  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)
  beforeEach(async () => {
    uncaught.length = 0
    process.on('uncaughtException', note)
    process.on('unhandledRejection', note)
    await store.put(parseArtifactKey('big'), Buffer.alloc(size, 65))
  })
  afterEach(() => {
    process.off('uncaughtException', note)
    process.off('unhandledRejection', note)
  })
  const open = async (signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> => {
    const request = new Request('http://localhost/big')
    const { body } = await artifactResponse(request, { store, key: 'big', signal })
    if (body === null) throw new Error('no body')
    return body
  }
  const quiesce = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }

  it('is the whole file', async () => {
    const response = new Response(await open())
    expect((await response.arrayBuffer()).byteLength).to.equal(size)
  })

  it('throws nothing outside of promises when its reader cancels while a chunk is on its way', async () => {
    for (let round = 0; round < 10; round += 1) {
      const reader = (await open()).getReader()
      await reader.read()
      const pending = reader.read().catch(() => {})
      await reader.cancel('the browser left')
      await pending
    }
    await quiesce()
    expect(uncaught).to.deep.equal([])
  })

  it('throws nothing outside of promises when both branches of a tee are cancelled', async () => {
    const [one, other] = (await open()).tee()
    const readers = [one.getReader(), other.getReader()]
    await readers[0]?.read()
    for (const reader of readers) void reader.read().catch(() => {})
    await Promise.all(readers.map((reader) => reader.cancel()))
    await quiesce()
    expect(uncaught).to.deep.equal([])
  })

  it('ends with the reason of an abort', async () => {
    const stop = new AbortController()
    const reader = (await open(stop.signal)).getReader()
    await reader.read()
    stop.abort(new Error('stop'))
    let failure: unknown = null
    while (failure === null)
      failure = await reader.read().then(
        () => null,
        (error: unknown) => error,
      )
    expect(failure).to.include({ message: 'stop' })
    await quiesce()
    expect(uncaught).to.deep.equal([])
  })

  it('frees what it reads from when it is cancelled, also before the first read', async () => {
    for (const reads of [0, 1]) {
      const body = Readable.from(
        (function* () {
          for (;;) yield Buffer.alloc(10)
        })(),
        { objectMode: false },
      )
      const reader = toWebStream(body).getReader()
      for (let read = 0; read < reads; read += 1) await reader.read()
      await reader.cancel()
      expect(body.destroyed).to.equal(true)
    }
  })

  it('hands a failure before the first read to its reader', async () => {
    const body = new Readable({ read() {} })
    const stream = toWebStream(body)
    body.destroy(new Error('torn'))
    await quiesce()
    const error: unknown = await stream
      .getReader()
      .read()
      .catch((reason: unknown) => reason)
    expect(error).to.include({ message: 'torn' })
    expect(uncaught).to.deep.equal([])
  })
})
