import { expect } from 'chai'
import { beforeEach, describe, it } from 'mocha'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import { rejectsWith } from '../src/contract/subject.js'
import { receiveForm, type FormOptions, type ReceivedForm } from '../src/form-data.js'
import { createMemoryCatalog, createMemoryStore } from '../src/memory.js'
import type { ArtifactStore } from '../src/store/store.js'
import { readText } from './support/read-text.js'

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

describe('receiveForm', () => {
  let store: ArtifactStore

  beforeEach(() => {
    store = createMemoryStore()
  })

  const keys = async (): Promise<string[]> => {
    const found: string[] = []
    for await (const { key } of store.list()) found.push(key)
    return found
  }
  const post = (form: FormData): Request =>
    new Request('http://host.test/', { method: 'POST', body: form })
  const receive = (form: FormData, more: Partial<FormOptions> = {}): Promise<ReceivedForm> =>
    receiveForm(post(form), { store, ...more })
  const formOf = (...files: readonly (readonly [string, string | Buffer])[]): FormData => {
    const form = new FormData()
    for (const [name, content] of files) form.append('files', new File([content], name))
    return form
  }

  it('stores the files of a web request, with names in UTF-8, and gives the fields', async () => {
    const form = formOf(['Übersicht 漢字 "1" 🙂.csv', 'a;b'], ['x.png', png])
    form.append('note', 'grüße')
    form.append('note', 'again')
    const { uploads, fields } = await receive(form)
    expect(
      uploads.map(({ originalName, name, contentType, field, sizeBytes }) => [
        originalName,
        name,
        contentType,
        field,
        sizeBytes,
      ]),
    ).to.deep.equal([
      [
        'Übersicht 漢字 "1" 🙂.csv',
        'Übersicht 漢字 _1_ 🙂.csv',
        'text/csv; charset=utf-8',
        'files',
        3,
      ],
      ['x.png', 'x.png', 'image/png', 'files', 16],
    ])
    expect(fields).to.deep.equal([
      ['note', 'grüße'],
      ['note', 'again'],
    ])
    expect(await keys()).to.have.members(uploads.map(({ key }) => key))
  })

  it('takes no file for what its content is not', async () => {
    const { uploads } = await receive(
      formOf(
        ['a.png', '<script>alert(1)</script>'],
        ['b.pdf', png],
        ['c.txt', Buffer.from([0, 1])],
        ['d.txt', Buffer.from('ä'.repeat(3000))],
      ),
    )
    expect(uploads.map(({ contentType }) => contentType)).to.deep.equal([
      'application/octet-stream',
      'application/octet-stream',
      'application/octet-stream',
      'text/plain; charset=utf-8',
    ])
  })

  it('takes a file of exactly the limit, refuses one more byte, and leaves nothing of the form', async () => {
    const bytes = Buffer.alloc(100_000, 'x')
    const { uploads } = await receive(formOf(['a', bytes]), { maxFileBytes: 100_000 })
    expect(uploads[0]?.sizeBytes).to.equal(100_000)
    await store.remove(uploads[0]?.key ?? expect.fail())
    const both = formOf(['small', 'x'], ['a', bytes], ['late', 'x'])
    await rejectsWith('too_large', receive(both, { maxFileBytes: 99_999 }))
    expect(await keys()).to.deep.equal([])
  })

  it('refuses too many files or fields, long fields, and what is no form, and leaves nothing', async () => {
    await rejectsWith('invalid_form', receive(formOf(['a', 'x'], ['b', 'x']), { maxFiles: 1 }))
    const fields = formOf(['a', 'x'])
    for (let index = 0; index < 3; index += 1) fields.append('n', 'long'.repeat(10))
    await rejectsWith('invalid_form', receive(fields, { maxFields: 2 }))
    await rejectsWith('invalid_form', receive(fields, { maxFieldBytes: 39 }))
    const plain = new Request('http://host.test/', { method: 'POST', body: 'x' })
    await rejectsWith('invalid_form', receiveForm(plain, { store }))
    const headers = { 'content-type': 'multipart/form-data; boundary=b' }
    for (const body of [
      '',
      '--b\r\n',
      '--b\r\ncontent-disposition: form-data; name="f"; filename="a"\r\n\r\nhalf',
    ]) {
      const cut = new Request('http://host.test/', { method: 'POST', headers, body })
      await rejectsWith('invalid_form', receiveForm(cut, { store }))
    }
    expect(await keys()).to.deep.equal([])
  })

  it('is no leak of listeners with as many files at once as allowed', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    const files = Array.from({ length: 20 }, (_, index) => [`f${index}`, 'x'] as const)
    let announced = 0
    let goOn = (): void => {}
    const all = new Promise<void>((resolve) => (goOn = resolve))
    const catalog = {
      announce: async () => {
        announced += 1
        if (announced === files.length) goOn()
        await all
        return []
      },
    }
    expect((await receive(formOf(...files), { catalog })).uploads).to.have.length(20)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings).to.deep.equal([])
  })

  it('ignores an empty file input', async () => {
    const { uploads, fields } = await receive(formOf(['', '']))
    expect({ uploads, fields }).to.deep.equal({ uploads: [], fields: [] })
  })

  it('removes what it stored when the store fails for a later file', async () => {
    let puts = 0
    const failing: ArtifactStore = {
      ...store,
      put: (...given) => {
        puts += 1
        if (puts === 2) return Promise.reject(new Error('away'))
        return store.put(...given)
      },
    }
    const outcome = await receive(formOf(['a', 'x'], ['b', 'y'], ['c', 'z']), {
      store: failing,
    }).catch((error: unknown) => error)
    expect(outcome).to.be.an('error').with.property('message', 'away')
    expect(await keys()).to.deep.equal([])
  })

  it('announces each key before its bytes, so that a killed process leaves nothing for ever', async () => {
    let now = 0
    const catalog = createMemoryCatalog({ clock: { now: () => now } })
    const { uploads } = await receive(formOf(['a', 'x']), { catalog })
    now = 10
    const taken = await catalog.takeUnreferenced({ olderThanMs: 10, leaseMs: 1, limit: 10 })
    expect(taken).to.deep.equal(uploads.map(({ key }) => key))
  })

  it('leaves nothing when the sender goes away in the middle, or the caller aborts', async () => {
    const received: Promise<unknown>[] = []
    const leave = new AbortController()
    let signal: AbortSignal | undefined
    let seen = (): void => {}
    const server = createServer((request: IncomingMessage) => {
      received.push(receiveForm(request, { store, signal }).catch((error: unknown) => error))
      request.once('data', () => seen())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const half = '--b\r\ncontent-disposition: form-data; name="f"; filename="a"\r\n\r\n'
    for (const how of ['leave', 'abort'] as const) {
      signal = how === 'abort' ? leave.signal : undefined
      const arrived = new Promise<void>((resolve) => (seen = resolve))
      const sending = httpRequest({
        ...{ port, method: 'POST' },
        headers: { 'content-type': 'multipart/form-data; boundary=b', 'content-length': '100000' },
      })
      sending.on('error', () => {})
      sending.write(half + 'x'.repeat(5000))
      await arrived
      if (how === 'leave') sending.destroy()
      else leave.abort(new Error('stopped'))
      const outcome = await received.at(-1)
      if (how === 'leave') expect(outcome).to.include({ code: 'invalid_form' })
      else expect(outcome).to.equal(leave.signal.reason)
      sending.destroy()
      expect(await keys()).to.deep.equal([])
    }
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('stores the files of a request of Node', async () => {
    const server = createServer((request, response) => {
      void receiveForm(request, { store }).then(({ uploads }) => response.end(uploads[0]?.key))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: formOf(['a', 'hello']),
    })
    const key = await response.text()
    expect(await keys()).to.deep.equal([key])
    expect(await readText(store, { key })).to.equal('hello')
    await new Promise((resolve) => server.close(resolve))
  })

  it('survives a form that breaks off in a file that nobody reads, or not yet', async () => {
    const part = (name: string): string =>
      `--b\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\n\r\nabc`
    const slow = {
      announce: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        await new Promise((resolve) => setImmediate(resolve))
        return []
      },
    }
    for (const [name, catalog] of [
      ['', undefined],
      ['a.txt', slow],
    ] as const) {
      const headers = { 'content-type': 'multipart/form-data; boundary=b' }
      const request = new Request('http://host.test/', {
        method: 'POST',
        headers,
        body: part(name),
      })
      await rejectsWith('invalid_form', receiveForm(request, { store, catalog }))
    }
    expect(await keys()).to.deep.equal([])
  })
})
