import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { runContract } from '@turnstead/testkit/contract'
import { artifactStoreContract } from '../src/contract.js'
import { openDiskStore } from '../src/disk/disk-store.js'
import { nodeMedium, type MediumCalls } from '../src/disk/medium.js'
import { toClaimPath, toObjectPath } from '../src/disk/paths.js'
import { ArtifactError, parseArtifactKey } from '../src/index.js'
import { makeTempDir } from './support/temp-dir.js'

const refusing = (code: string): MediumCalls => ({
  ...nodeMedium,
  link: async () => {
    throw Object.assign(new Error(`${code}: no links here`), { code })
  },
})

runContract({ describe, it }, 'disk store without hard links', artifactStoreContract, {
  open: async () => {
    const { path, remove } = await makeTempDir()
    return { subject: openDiskStore({ root: path }, refusing('EPERM')), close: remove }
  },
  capabilities: ['if-absent', 'range'],
})

describe('a disk store where there are no hard links', () => {
  const key = parseArtifactKey('a/b')
  let root: string
  let remove: () => Promise<void>
  beforeEach(async () => {
    const folder = await makeTempDir()
    root = folder.path
    remove = folder.remove
  })
  afterEach(() => remove())

  for (const code of ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EIO']) {
    it(`puts once, and leaves nothing beside the object, when links fail with ${code}`, async () => {
      const store = openDiskStore({ root }, refusing(code))
      const puts = Array.from({ length: 8 }, (_, index) =>
        store.put(key, Buffer.from(String(index)), { ifAbsent: true }).then(
          () => 'stored',
          (error: unknown) => (ArtifactError.is(error) ? error.code : error),
        ),
      )
      const ends = await Promise.all(puts)
      expect(ends.filter((end) => end === 'stored')).to.have.length(1)
      expect(ends.filter((end) => end === 'already_exists')).to.have.length(7)
      expect(await readdir(dirname(toObjectPath(root, key).file))).to.deep.equal(['o-b'])
    })
  }

  it('takes over the claim of a writer that was killed, and removeStale clears it', async () => {
    const store = openDiskStore({ root }, refusing('EPERM'))
    const claim = toClaimPath(toObjectPath(root, key).file)
    await mkdir(dirname(claim), { recursive: true })
    await writeFile(claim, '')
    const old = new Date(Date.now() - 60_000)
    await utimes(claim, old, old)
    await store.put(key, Buffer.from('x'), { ifAbsent: true })

    await writeFile(claim, '')
    await utimes(claim, old, old)
    expect(await store.removeStale({ olderThanMs: 1000 })).to.equal(1)
  })

  it('ends a wait for a claim with the reason of an abort', async () => {
    const store = openDiskStore({ root }, refusing('EPERM'))
    const claim = toClaimPath(toObjectPath(root, key).file)
    await mkdir(dirname(claim), { recursive: true })
    await writeFile(claim, '')
    const stop = new AbortController()
    const putting = store.put(key, Buffer.from('x'), { ifAbsent: true, signal: stop.signal })
    const reason = new Error('enough')
    setImmediate(() => stop.abort(reason))
    expect(await putting.catch((error: unknown) => error)).to.equal(reason)
    expect(await readdir(join(root, 'd-a'))).to.deep.equal(['c-o-b'])
  })

  it('passes on what else a link fails with', async () => {
    const store = openDiskStore({ root }, refusing('ENOSPC'))
    const error: unknown = await store
      .put(key, Buffer.from('x'), { ifAbsent: true })
      .catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'storage_failed' })
  })
})
