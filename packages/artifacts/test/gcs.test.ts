import { Storage } from '@google-cloud/storage'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'

import { heldSource, rejection, rejectsWith } from '../src/contract/subject.js'
import { createGcsStore, type GcsStore } from '../src/gcs.js'
import { parseArtifactKey } from '../src/store/key.js'
import { startGcsServer, type GcsFault, type GcsServer } from './support/gcs-server.js'
import { signingKey } from './support/signing-key.js'

const key = parseArtifactKey('a/b')
const chunkBytes = 262_144
const short = randomBytes(1000)
const long = randomBytes(3 * chunkBytes + 1000)
const bodies = { 'one request': short, chunks: long }

/** A bucket and a store in it. */
async function openPlace() {
  const server = await startGcsServer('files', signingKey.publicKey)
  const storage = new Storage({
    apiEndpoint: server.url,
    projectId: 'test',
    credentials: signingKey.credentials,
    retryOptions: { retryDelayMultiplier: 1, maxRetryDelay: 1, maxRetries: 2, totalTimeout: 10 },
  })
  const store = createGcsStore({ bucket: storage.bucket('files'), chunkBytes })
  const bytesOf = async (): Promise<Buffer | null> => {
    const found = await store.get(key)
    return found === null ? null : buffer(found.body)
  }
  return {
    server,
    storage,
    store,
    /** The first requests of a kind go wrong. */
    fail: (kind: string, fault: GcsFault, times = 1): void => {
      let left = times
      server.faultAt = (request) => (request.kind === kind && left-- > 0 ? fault : null)
    },
    bytesOf,
    expectHeld: async (bytes: Buffer): Promise<void> => {
      expect((await bytesOf())?.equals(bytes)).to.equal(true)
      expect(server.names()).to.deep.equal([key])
    },
  }
}

describe('the gcs store', function () {
  this.timeout(30_000)
  type Place = Awaited<ReturnType<typeof openPlace>>
  let place: Place
  let server: GcsServer
  let storage: Storage
  let store: GcsStore
  let fail: Place['fail']
  let expectHeld: Place['expectHeld']
  let bytesOf: Place['bytesOf']

  beforeEach(async () => {
    place = await openPlace()
    ;({ server, storage, store, fail, expectHeld, bytesOf } = place)
  })
  afterEach(() => place.server.close())

  /** Until a request that is under way has come. */
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
  }

  for (const [way, bytes] of Object.entries(bodies)) {
    const kinds =
      way === 'chunks'
        ? ['POST upload resumable', 'PUT session', 'POST rewrite', 'GET object']
        : ['POST upload multipart']
    it(`stores in ${way} although any one request meets 429, 503, a broken connection or a lost answer`, async () => {
      const faults = [{ status: 503 }, { status: 429 }, 'hang-up', 'lose-answer'] as const
      // Each has a bucket of its own: the client waits a second before it repeats, so all wait at once.
      const cases = kinds.flatMap((kind) => faults.map((fault) => ({ kind, fault })))
      const outcomes = cases.map(async ({ kind, fault }) => {
        const place = await openPlace()
        try {
          place.fail(kind, fault)
          const options = { ifAbsent: true, metadata: { name: 'ä' } }
          const stat = await place.store.put(key, bytes, options)
          expect(stat.metadata).to.deep.equal({ name: 'ä' })
          await place.expectHeld(bytes)
        } catch (error) {
          throw new Error(`${kind} ${JSON.stringify(fault)}`, { cause: error })
        } finally {
          await place.server.close()
        }
      })
      await Promise.all(outcomes)
    })

    it(`refuses in ${way} what somebody else stored, also when the answer of its own attempt was lost`, async () => {
      await store.put(key, Buffer.from('theirs'))
      fail(kinds.at(0) ?? '', 'lose-answer')
      await rejectsWith('already_exists', store.put(key, bytes, { ifAbsent: true }))
      await expectHeld(Buffer.from('theirs'))
    })

    it(`stores nothing in ${way} of bytes that changed on their way`, async () => {
      fail(way === 'chunks' ? 'PUT session' : 'POST upload multipart', 'corrupt-upload', 99)
      await rejectsWith('storage_failed', store.put(key, bytes))
      expect(server.names()).to.deep.equal([])
    })

    it(`writes in ${way} under a precondition only, so that every request may be repeated`, async () => {
      await store.put(key, bytes)
      await store.put(key, bytes)
      await store.remove(key)
      const writes = server.requests.filter(({ kind }) => /^(?!GET|PUT)/.test(kind))
      expect(writes.length).to.be.greaterThan(2)
      for (const { url, kind } of writes) {
        expect(url.searchParams.has('ifGenerationMatch'), kind).to.equal(true)
      }
    })

    it(`says in ${way} that a refusal will not pass`, async () => {
      fail(
        way === 'chunks' ? 'POST upload resumable' : 'POST upload multipart',
        { status: 403 },
        99,
      )
      const error = await rejectsWith('storage_failed', store.put(key, bytes))
      expect(error.retryable).to.equal(false)
      expect(error.message).to.equal('[storage_failed] The bucket answered with 403.')
      expect(server.requests.length).to.be.lessThan(5)
    })

    it(`gives up in ${way} when the bucket stays away, leaves nothing visible, and a retry completes`, async () => {
      const outcomes = kinds.map(async (kind) => {
        const own = await openPlace()
        own.fail(kind, { status: 503 }, 99)
        const error = await rejectsWith('storage_failed', own.store.put(key, bytes))
        expect(error.retryable, kind).to.equal(true)
        own.server.faultAt = () => null
        expect(await own.store.stat(key)).to.equal(null)
        await own.store.removeStale({ olderThanMs: 0 })
        await own.store.put(key, bytes, { ifAbsent: true })
        await own.expectHeld(bytes)
        await own.server.close()
      })
      await Promise.all(outcomes)
    })

    it(`reads exactly what was stored in ${way}, or fails`, async () => {
      await store.put(key, bytes)
      fail('GET bytes', 'corrupt')
      const spoiled = await store.get(key)
      await rejectsWith('storage_failed', buffer(spoiled?.body ?? expect.fail('nothing found')))
      fail('GET bytes', 'truncate', 2)
      expect((await bytesOf())?.equals(bytes)).to.equal(true)
      fail('GET bytes', 'truncate', 2)
      const part = await store.get(key, { range: { start: 10, end: 900 } })
      const body = part?.body ?? expect.fail('nothing found')
      expect((await buffer(body)).equals(bytes.subarray(10, 901))).to.equal(true)
      fail('GET bytes', { status: 503 })
      expect((await bytesOf())?.equals(bytes)).to.equal(true)
    })
  }

  it('goes on where the bucket kept only half of a chunk', async () => {
    server.faultAt = ({ kind, range }) =>
      kind === 'PUT session' && (range ?? '').endsWith('/*') ? 'keep-half' : null
    const wide = createGcsStore({ bucket: storage.bucket('files'), chunkBytes: 4 * chunkBytes })
    const bytes = randomBytes(11 * chunkBytes)
    await wide.put(key, bytes)
    await expectHeld(bytes)
  })

  it('leaves nothing of a long upload that was aborted, and cancels its session', async () => {
    const { source, held, release, isClosed } = heldSource(long)
    const controller = new AbortController()
    const put = rejection(store.put(key, source, { signal: controller.signal }))
    await held
    const reason = new Error('stopped')
    controller.abort(reason)
    expect(await put).to.equal(reason)
    expect(isClosed()).to.equal(true)
    release()
    await until(() => server.requests.some(({ kind }) => kind === 'DELETE session'))
    expect(server.names()).to.deep.equal([])
    expect(server.openSessions()).to.equal(0)
  })

  it('is noticed to be aborted while the bucket is silent', async () => {
    server.faultAt = ({ kind }) => (kind === 'PUT session' ? 'hang' : null)
    const controller = new AbortController()
    const put = rejection(store.put(key, long, { signal: controller.signal }))
    await until(() => server.requests.some(({ kind }) => kind === 'PUT session'))
    controller.abort(new Error('stopped'))
    expect(await put).to.equal(controller.signal.reason)
    server.faultAt = () => null
    expect(server.names()).to.deep.equal([])
  })

  it('removes what a killed upload left, and only that', async () => {
    await store.put(key, short)
    await storage.bucket('files').file('.uploads/killed').save(short, { resumable: false })
    expect(await store.removeStale({ olderThanMs: 60_000 })).to.equal(0)
    expect(await store.removeStale({ olderThanMs: 0 })).to.equal(1)
    expect(server.names()).to.deep.equal([key])
  })

  it('shows no object that it did not write', async () => {
    await storage.bucket('files').file(key).save(short, { resumable: false })
    await storage.bucket('files').file('other stuff/x y').save(short, { resumable: false })
    await rejectsWith('corrupt', store.stat(key))
    await rejectsWith('corrupt', store.get(key))
    await rejectsWith('already_exists', store.put(key, short, { ifAbsent: true }))
    const keys = []
    for await (const stat of store.list()) keys.push(stat.key)
    expect(keys).to.deep.equal([])
  })

  it('lets other downloads go on when a reader leaves', async () => {
    await store.put(key, randomBytes(4_000_000))
    const readers = await Promise.all(Array.from({ length: 6 }, () => store.get(key)))
    const whole = readers.slice(3).map((found) => buffer(found?.body ?? expect.fail()))
    for (const found of readers.slice(0, 3)) found?.body.destroy()
    for (const bytes of await Promise.all(whole)) expect(bytes.byteLength).to.equal(4_000_000)
  })

  it('signs addresses that serve the object for a while, as a download', async () => {
    await store.put(key, short)
    const sign = store.signUrl?.bind(store)
    const url = await sign?.(key, {
      expiresInMs: 60_000,
      contentDisposition: 'attachment; filename="a b.txt"',
    })
    const response = await fetch(url ?? '')
    expect(response.status).to.equal(200)
    expect(Buffer.from(await response.arrayBuffer()).equals(short)).to.equal(true)
    expect(response.headers.get('content-disposition')).to.equal('attachment; filename="a b.txt"')
    expect(response.headers.get('content-type')).to.equal('application/octet-stream')
    const forged = (url ?? '').replace('octet-stream', 'octet-strean')
    expect((await fetch(forged)).status).to.equal(403)
    server.now = () => Date.now() + 61_000
    expect((await fetch(url ?? '')).status).to.equal(403)
    for (const expiresInMs of [0, -1, 999, 604_800_001, NaN]) {
      expect(await rejection(sign?.(key, { expiresInMs }) ?? Promise.resolve())).to.be.instanceOf(
        RangeError,
      )
    }
  })

  it('refuses what is no bucket, prefix or size', () => {
    const bucket = storage.bucket('files')
    expect(() => createGcsStore({ bucket: null as never })).to.throw(TypeError, 'bucket')
    expect(() => createGcsStore({ bucket, prefix: 'no-slash' })).to.throw(TypeError, 'prefix')
    expect(() => createGcsStore({ bucket, chunkBytes: 1000 })).to.throw(RangeError, 'chunkBytes')
  })

  it('tells of a network that is gone as of a storage that failed, and gives up on answers that end early', async () => {
    await store.put(key, long)
    for (const fault of ['hang-up', 'truncate', 'end-early'] as const) {
      fail('GET bytes', fault, fault === 'truncate' ? 1 : 10)
      if (fault === 'truncate') {
        const first = server.faultAt
        server.faultAt = (request) =>
          first(request) ?? (request.kind === 'GET bytes' ? 'hang-up' : null)
      }
      const outcome = await rejection(bytesOf())
      expect(outcome, fault).to.include({ code: 'storage_failed', retryable: true })
    }
  })
})
