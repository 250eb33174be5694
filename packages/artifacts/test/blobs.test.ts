import { runContract } from '@turnstead/testkit/contract'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { describe, it } from 'mocha'

import { createBlobStore, type Blobs } from '../src/blobs.js'
import { toDescriptionName, toDescriptionPrefix, toKey } from '../src/blobs/names.js'
import { artifactStoreContract } from '../src/contract.js'
import { collectBody, rejectsWith, text } from '../src/contract/subject.js'
import { isArtifactKey, parseArtifactKey } from '../src/store/key.js'
import { createMemoryBlobs } from './support/memory-blobs.js'

const { writeNew: _writeNew, readPart: _readPart, sign: _sign, ...few } = createMemoryBlobs()
for (const [title, open] of Object.entries({
  'that can do all': createMemoryBlobs,
  'that can do little': () => {
    const { writeNew: _new, readPart: _part, sign: _of, ...blobs } = createMemoryBlobs()
    return blobs
  },
})) {
  const { capabilities } = createBlobStore({ blobs: open() })
  const promises = artifactStoreContract.filter(
    ({ needs }) => needs === undefined || capabilities.some((each) => each === needs),
  )
  runContract({ describe, it }, `a store over blobs ${title}`, promises, {
    open: async () => {
      const blobs = open()
      const close = async (): Promise<void> => {
        const names = [...blobs.held.keys()]
        const bytes = names.filter((name) => name.startsWith('bytes/'))
        const described = names.filter((name) => name.startsWith('objects/'))
        // One that lost against others at once may wait for the sweep.
        expect(bytes.length - described.length).to.be.within(0, 7)
        await createBlobStore({ blobs }).removeStale({ olderThanMs: 0 })
        expect(blobs.held.size).to.equal(described.length * 2)
      }
      return { subject: createBlobStore({ blobs }), close }
    },
    capabilities,
  })
}

describe('a store over blobs', () => {
  const key = parseArtifactKey('a/b')

  it('claims what its storage can do', () => {
    expect(createBlobStore({ blobs: few }).capabilities).to.deep.equal([])
    expect(createBlobStore({ blobs: createMemoryBlobs() }).capabilities).to.deep.equal([
      'if-absent',
      'range',
      'sign-url',
    ])
  })

  it('stays as it was when the storage fails at any call of a put, and a retry completes', async () => {
    for (let at = 1; ; at += 1) {
      const blobs = createMemoryBlobs()
      const store = createBlobStore({ blobs })
      await store.put(key, text.encode('before'))
      const failing = createBlobStore({ blobs: failAt(blobs, at) })
      const outcome = await failing.put(key, text.encode('after')).catch((error: unknown) => error)
      if (!(outcome instanceof Error)) break
      expect(outcome).to.include({ code: 'storage_failed' })
      const now = await store.get(key)
      expect(String(await collectBody(now?.body ?? expect.fail()))).to.equal('before')
      await store.put(key, text.encode('after'))
      await store.removeStale({ olderThanMs: 0 })
      expect(blobs.held.size).to.equal(2)
    }
  })

  it('ends a list at an abort, though its storage does not answer', async () => {
    const stop = new AbortController()
    const blobs: Blobs = {
      ...few,
      list: async function* () {
        queueMicrotask(() => stop.abort(new Error('stopped')))
        yield await new Promise<string>(() => {})
      },
    }
    const listing = createBlobStore({ blobs }).list({ signal: stop.signal })
    const error = await listing[Symbol.asyncIterator]()
      .next()
      .catch((thrown: unknown) => thrown)
    expect(error).to.equal(stop.signal.reason)
  })

  it('closes the list of its storage when its reader leaves', async () => {
    let isClosed = false
    const blobs = createMemoryBlobs()
    await createBlobStore({ blobs }).put(key, text.encode('x'))
    const listed: Blobs = {
      ...blobs,
      list: async function* (options) {
        try {
          yield* blobs.list(options)
        } finally {
          isClosed = true
        }
      },
    }
    for await (const _stat of createBlobStore({ blobs: listed }).list()) break
    expect(isClosed).to.equal(true)
  })

  it('sweeps beside a description that is damaged, and leaves the bytes that it names', async () => {
    const blobs = createMemoryBlobs()
    const store = createBlobStore({ blobs })
    await store.put(key, text.encode('hello'))
    const described = blobs.held.get(toDescriptionName(key)) ?? expect.fail()
    const orphan = 'bytes/0000000000000001-a-b-c'
    blobs.held.set(orphan, Buffer.from('left'))
    blobs.held.set(toDescriptionName(key), Buffer.concat([described, Buffer.from('x')]))
    expect(await store.removeStale({ olderThanMs: 0 })).to.equal(1)
    expect(blobs.held.has(orphan)).to.equal(false)
    expect(blobs.held.size).to.equal(2)
    blobs.held.set(toDescriptionName(key), described)
    expect(String(await collectBody((await store.get(key))?.body ?? expect.fail()))).to.equal(
      'hello',
    )
  })

  it('claims no object that another writer did not leave, and signs for no less than a second', async () => {
    const blobs = createMemoryBlobs()
    const lost = createBlobStore({ blobs: { ...blobs, writeNew: async () => false } })
    await rejectsWith('storage_failed', lost.put(key, text.encode('a'), { ifAbsent: true }))
    const signing = createBlobStore({ blobs }).signUrl?.(key, { expiresInMs: 999 })
    expect(await signing?.catch((error: unknown) => error)).to.be.instanceOf(RangeError)
  })

  it('notices bytes that changed or broke off in the storage', async () => {
    const blobs = createMemoryBlobs()
    const store = createBlobStore({ blobs })
    await store.put(key, text.encode('hello'))
    const name = [...blobs.held.keys()].find((each) => each.startsWith('bytes/')) ?? ''
    for (const [bytes, code] of [
      ['hellO', 'corrupt'],
      ['hell', 'storage_failed'],
    ] as const) {
      blobs.held.set(name, Buffer.from(bytes))
      const found = await store.get(key)
      await rejectsWith(code, collectBody(found?.body ?? expect.fail()))
    }
    blobs.held.delete(name)
    await rejectsWith('corrupt', store.get(key))
    blobs.held.set(toDescriptionName(key), Buffer.from('{}'))
    await rejectsWith('corrupt', store.stat(key))
  })

  it('knows its own description when the storage lost the answer', async () => {
    const blobs = createMemoryBlobs()
    const forgetful: Blobs = {
      ...blobs,
      writeNew: async (name, bytes, options) => {
        await blobs.writeNew?.(name, bytes, options)
        return false
      },
    }
    await createBlobStore({ blobs: forgetful }).put(key, text.encode('x'), { ifAbsent: true })
    expect((await createBlobStore({ blobs }).stat(key))?.sizeBytes).to.equal(1)
  })

  it('keeps the bytes of a description that is written after its caller gave up', async () => {
    const blobs = createMemoryBlobs()
    const late: (() => Promise<void>)[] = []
    const slow: Blobs = {
      ...blobs,
      write: async (name, bytes, options) => {
        if (name !== toDescriptionName(key)) return blobs.write(name, bytes, options)
        late.push(() => blobs.write(name, bytes, options))
        throw new Error('no answer in time')
      },
    }
    await createBlobStore({ blobs }).put(key, text.encode('old'))
    await rejectsWith('storage_failed', createBlobStore({ blobs: slow }).put(key, text.encode('n')))
    for (const write of late) await write()
    const found = await createBlobStore({ blobs }).get(key)
    expect(found?.stat.sizeBytes).to.equal(1)
    found?.body.destroy()
  })

  it('takes what fetch throws and gives: its TypeErrors are failures, its bodies are let go', async () => {
    const blobs = createMemoryBlobs()
    await createBlobStore({ blobs }).put(key, text.encode('x'))
    const failure = new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') })
    const away = createBlobStore({ blobs: { ...blobs, read: async () => Promise.reject(failure) } })
    await rejectsWith('storage_failed', away.stat(key))
    let isCancelled = false
    const web = createBlobStore({
      blobs: {
        ...blobs,
        read: async (name, options) =>
          name === toDescriptionName(key)
            ? blobs.read(name, options)
            : new ReadableStream<Uint8Array>({ cancel: () => void (isCancelled = true) }),
      },
    })
    const found = await web.get(key)
    found?.body.destroy()
    await new Promise((resolve) => found?.body.once('close', resolve))
    expect(isCancelled).to.equal(true)
  })

  it('names objects in the order of their keys, plainly, and back', () => {
    const keys = fc
      .stringMatching(/^[A-Za-z0-9_=./-]{1,400}$/)
      .filter((each) => isArtifactKey(each))
      .map(parseArtifactKey)
    fc.assert(
      fc.property(keys, keys, fc.nat(400), (one, other, length) => {
        const [a, b] = [toDescriptionName(one), toDescriptionName(other)]
        expect(a < b).to.equal(one < other)
        expect(toKey(a)).to.equal(one)
        expect(a.startsWith(toDescriptionPrefix(one.slice(0, length)))).to.equal(true)
        expect(b.startsWith(toDescriptionPrefix(one))).to.equal(other.startsWith(one))
        expect(a.split('/').every((part) => part.length <= 210)).to.equal(true)
        expect(`${b}/`.startsWith(`${a}/`)).to.equal(one === other)
      }),
    )
  })
})

/** The same blobs, of which one call fails. */
function failAt(blobs: Blobs, at: number): Blobs {
  let calls = 0
  return new Proxy(blobs, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        calls += 1
        if (calls === at) return Promise.reject(new Error('the storage is away'))
        return Reflect.apply(value, target, given) as unknown
      }
    },
  })
}
