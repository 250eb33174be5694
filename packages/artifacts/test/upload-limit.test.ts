import { createManualClock, type ManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import express from 'express'
import { beforeEach, describe, it } from 'mocha'
import multer from 'multer'
import type { AddressInfo } from 'node:net'

import { rejection, rejectsWith } from '../src/contract/subject.js'
import { receiveForm } from '../src/form-data.js'
import { createMemoryStore } from '../src/memory.js'
import { multerOptions } from '../src/multer.js'
import type { ArtifactSource, ArtifactStore } from '../src/store/store.js'
import { receiveUpload, type UploadTarget } from '../src/uploads.js'

const storeTimeoutMs = 1000

describe('uploads to a store that hangs', () => {
  let clock: ManualClock
  let store: ArtifactStore
  let target: UploadTarget

  beforeEach(() => {
    clock = createManualClock()
    store = createMemoryStore({ clock })
    target = { store, clock, storeTimeoutMs }
  })

  const keys = async (): Promise<string[]> => {
    const found: string[] = []
    for await (const { key } of store.list()) found.push(key)
    return found
  }
  /** A put that takes so many chunks and then never does anything; `begun` when it is there. */
  const hangingPut = (chunks: number) => {
    let begin = (): void => {}
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const put = async (_key: string, source: ArtifactSource): Promise<never> => {
      const iterator = (source as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
      for (let taken = 0; taken < chunks; taken += 1) {
        if ((await iterator.next()).done === true) break
      }
      begin()
      return new Promise<never>(() => {})
    }
    return { put, begun }
  }
  const formOf = (bytes: number): FormData => {
    const form = new FormData()
    form.append('files', new File([Buffer.alloc(bytes)], 'a'))
    return form
  }

  it('fail by multer with a code, and the sender is answered', async () => {
    for (const chunks of [0, 1, Infinity]) {
      const { put, begun } = hangingPut(chunks)
      const app = express()
      const options = multerOptions({ ...target, store: { ...store, put } })
      app.post('/', multer(options).array('files'), (_request, response) => void response.end())
      app.use(((error, _request, response, _next) => {
        response.status(503).json({ code: error.code })
      }) satisfies express.ErrorRequestHandler)
      const server = app.listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const answer = fetch(url, { method: 'POST', body: formOf(300_000) })
      await begun
      await clock.advance(storeTimeoutMs)
      const response = await answer
      expect(await response.json(), String(chunks)).to.deep.equal({ code: 'storage_failed' })
      await new Promise((resolve) => server.close(resolve))
    }
    expect(clock.pending).to.equal(0)
  })

  it('fail without a framework, also while it removes what came before', async () => {
    const form = formOf(10)
    form.append('files', new File(['x'], 'b'))
    let isRemoving = (): void => {}
    const removing = new Promise<void>((resolve) => (isRemoving = resolve))
    let puts = 0
    const failing: ArtifactStore = {
      ...store,
      put: async (...given) => {
        puts += 1
        if (puts === 2) throw new Error('away')
        return store.put(...given)
      },
      remove: async () => {
        isRemoving()
        return new Promise<never>(() => {})
      },
    }
    const request = new Request('http://host.test/', { method: 'POST', body: form })
    const receiving = rejection(receiveForm(request, { ...target, store: failing }))
    await removing
    await clock.advance(storeTimeoutMs)
    expect(await receiving).to.have.property('message', 'away')
    expect(clock.pending).to.equal(0)
  })

  it('fail when it is the catalog that hangs', async () => {
    const catalog = { announce: async () => new Promise<never>(() => {}) }
    const source = Buffer.from('x')
    const failing = rejectsWith(
      'storage_failed',
      receiveUpload({ ...target, catalog }, { source, originalName: 'a' }),
    )
    await clock.advance(storeTimeoutMs)
    await failing
  })

  it('leave nothing when it comes back too late', async () => {
    let comeBack = (): void => {}
    const back = new Promise<void>((resolve) => (comeBack = resolve))
    let removed = (): void => {}
    const gone = new Promise<void>((resolve) => (removed = resolve))
    const late: ArtifactStore = {
      ...store,
      // Heeds no signal.
      put: async (key, source, { signal: _signal, ...more } = {}) => {
        const stat = await store.put(key, source, more)
        await back
        return stat
      },
      remove: async (...given) => {
        const was = await store.remove(...given)
        removed()
        return was
      },
    }
    const source = Buffer.from('x')
    const failing = rejectsWith(
      'storage_failed',
      receiveUpload({ ...target, store: late }, { source, originalName: 'a' }),
    )
    while ((await keys()).length === 0) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(storeTimeoutMs)
    await failing
    comeBack()
    await gone
    expect(await keys()).to.deep.equal([])
  })

  it('count no time of a sender that is slow', async () => {
    async function* slow(): AsyncGenerator<Uint8Array> {
      for (let part = 0; part < 5; part += 1) {
        await clock.advance(storeTimeoutMs * 3)
        yield Buffer.alloc(3000, 'x')
      }
    }
    const { sizeBytes } = await receiveUpload(target, { source: slow(), originalName: 'a' })
    expect(sizeBytes).to.equal(15_000)
    expect(clock.pending).to.equal(0)
  })

  it('close their source when the store refuses before it reads', async () => {
    let isClosed = false
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(3000, 'x')
      } finally {
        isClosed = true
      }
    }
    const refusing = { ...store, put: () => Promise.reject(new Error('away')) }
    await rejection(
      receiveUpload({ ...target, store: refusing }, { source: source(), originalName: 'a' }),
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect(isClosed).to.equal(true)
  })

  it('refuse a limit that cannot be met', async () => {
    const file = { source: Buffer.from('x'), originalName: 'a' }
    for (const bad of [{ storeTimeoutMs: 0 }, { storeTimeoutMs: NaN }, { maxFileBytes: -1 }]) {
      expect(() => multerOptions({ store, ...bad })).to.throw(RangeError)
      expect(await rejection(receiveUpload({ store, ...bad }, file))).to.be.instanceOf(RangeError)
    }
  })

  it('keep names that every database takes', async () => {
    const nameOf = async (originalName: string) =>
      (await receiveUpload(target, { source: Buffer.from('x'), originalName })).originalName
    expect(await nameOf('a\0b.txt')).to.equal('a\ufffdb.txt')
    const cut = await nameOf(`${'x'.repeat(1023)}🙂`)
    expect(cut).to.equal('x'.repeat(1023))
  })
})
