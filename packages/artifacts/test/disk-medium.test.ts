import {
  access,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  stat,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { expect } from 'chai'
import { runContract } from '@turnstead/testkit/contract'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { artifactStoreContract } from '../src/contract.js'
import { openDiskStore } from '../src/disk/disk-store.js'
import { nodeMedium, type MediumCalls } from '../src/disk/medium.js'
import { toClaimPath, toObjectPath } from '../src/disk/paths.js'
import { createDiskStore } from '../src/disk.js'
import { parseArtifactKey } from '../src/store/key.js'
import { makeTempDir } from './support/temp-dir.js'
import { rejectionOf } from './support/thrown.js'

const failing = (code: string) => async (): Promise<never> => {
  throw Object.assign(new Error(`${code}: not here`), { code })
}
const withoutLinks = { link: failing('EPERM') }
/** A mount that makes a copy, over whatever is there. */
const replacingLinks = { link: async (from: string, to: string) => copyFile(from, to) }
const withoutExclusive = { create: async (path: string) => writeFile(path, '', { mode: 0o600 }) }

/** Finds a file under its name in any case, and tells the permissions of a mount that has none. */
function lstatOf({
  isCaseSensitive,
  hasPermissions,
}: Record<string, boolean>): MediumCalls['lstat'] {
  return async (path) => {
    const place = isCaseSensitive ? path : join(dirname(path), basename(path).toLowerCase())
    const info = await nodeMedium.lstat(place)
    return hasPermissions ? info : Object.assign(info, { mode: info.mode | 0o777 })
  }
}

const exFat: MediumCalls = {
  ...nodeMedium,
  ...withoutLinks,
  lstat: lstatOf({ isCaseSensitive: false, hasPermissions: false }),
}

for (const [name, calls] of [
  ['as exFAT is', exFat],
  ['whose links replace files', { ...nodeMedium, ...replacingLinks }],
] as const) {
  runContract({ describe, it }, `disk store on a medium ${name}`, artifactStoreContract, {
    open: async () => {
      const { path, remove } = await makeTempDir()
      return { subject: openDiskStore({ root: path }, calls), close: remove }
    },
    capabilities: ['if-absent', 'range'],
  })
}

const sharedMemory = '/dev/shm'
const hasTmpfs = await access(sharedMemory).then(
  () => true,
  () => false,
)
if (!hasTmpfs) console.warn(`Skipped: there is no ${sharedMemory} for the contract on tmpfs.`)
runContract(
  { describe: hasTmpfs ? describe : describe.skip, it },
  'disk store on tmpfs',
  artifactStoreContract,
  {
    open: async () => {
      const root = await mkdtemp(`${sharedMemory}/turnstead-`)
      return { subject: createDiskStore({ root }), close: () => rm(root, { recursive: true }) }
    },
    capabilities: ['if-absent', 'range'],
  },
)

describe('the medium of a disk store', () => {
  const key = parseArtifactKey('a/b')
  let root: string
  let remove: () => Promise<void>
  beforeEach(async () => {
    const made = await makeTempDir()
    root = join(made.path, 'store')
    remove = made.remove
  })
  afterEach(() => remove())

  const bools = [true, false]
  for (const hasHardLinks of bools) {
    for (const hasExclusiveFiles of bools) {
      for (const isCaseSensitive of bools) {
        for (const hasPermissions of bools) {
          const truth = { hasHardLinks, hasExclusiveFiles, isCaseSensitive, hasPermissions }
          it(`is told as it is, and left as it was: ${Object.values(truth).map(Number).join('')}`, async () => {
            const store = openDiskStore(
              { root },
              {
                ...nodeMedium,
                ...(hasHardLinks ? {} : withoutLinks),
                ...(hasExclusiveFiles ? {} : withoutExclusive),
                lstat: lstatOf(truth),
              },
            )
            expect(await store.medium()).to.deep.equal(truth)
            expect(await readdir(root)).to.deep.equal([])
          })
        }
      }
    }
  }

  it('is the one of this machine', async () => {
    const { hasHardLinks, hasExclusiveFiles } = await createDiskStore({ root }).medium()
    expect({ hasHardLinks, hasExclusiveFiles }).to.deep.equal({
      hasHardLinks: true,
      hasExclusiveFiles: true,
    })
    expect((await stat(root)).mode & 0o777).to.equal(0o700)
  })

  it('is tried out once, and again after a failure that says nothing of it', async () => {
    let probes = 0
    const store = openDiskStore(
      { root },
      {
        ...nodeMedium,
        create: async (path) => {
          if (basename(path).startsWith('t-') && (probes += 1) === 1) await failing('ENOSPC')()
          await nodeMedium.create(path)
        },
      },
    )
    const put = () => store.put(key, Buffer.from('x'), { ifAbsent: true })
    expect(await rejectionOf(put())).to.include({ code: 'storage_failed' })
    await put()
    await store.remove(key)
    await put()
    await store.medium()
    // One that failed, and one of two tries.
    expect(probes).to.equal(3)
    expect(await readdir(root)).to.deep.equal(['d-a'])
  })

  it('is not promised what it cannot keep: no put-if-absent where files replace each other', async () => {
    const calls = { ...nodeMedium, ...withoutLinks, ...withoutExclusive }
    const store = openDiskStore({ root }, calls)
    const putting = store.put(key, Buffer.from('x'), { ifAbsent: true })
    expect(await rejectionOf(putting)).to.include({ code: 'unsupported' })
    expect(await store.stat(key)).to.equal(null)
    expect((await store.put(key, Buffer.from('x'))).sizeBytes).to.equal(1)
  })

  /** A claim of another writer, so old. */
  async function claimOf(ageMs: number): Promise<string> {
    const claim = toClaimPath(toObjectPath(root, key).file)
    await mkdir(dirname(claim), { recursive: true })
    await writeFile(claim, 'theirs')
    const then = new Date(Date.now() - ageMs)
    await utimes(claim, then, then)
    return claim
  }

  /** Puts until the claim was looked at so often, and gives up. */
  async function putBeside(calls: MediumCalls, looks: number): Promise<unknown> {
    const stop = new AbortController()
    let left = looks
    const counting: MediumCalls = {
      ...calls,
      lstat: async (path) => {
        if (basename(path).startsWith('c-o-') && (left -= 1) < 0) stop.abort(new Error('enough'))
        return calls.lstat(path)
      },
    }
    const store = openDiskStore({ root }, counting)
    return rejectionOf(store.put(key, Buffer.from('x'), { ifAbsent: true, signal: stop.signal }))
  }

  it('has a clock of its own: a claim is not old because that of this machine is ahead', async () => {
    const claim = await claimOf(600_000)
    const behind: MediumCalls = {
      ...exFat,
      lstat: async (path) => {
        const info = await nodeMedium.lstat(path)
        // All that this writer makes is as old there.
        if (path !== claim) Object.assign(info, { mtimeMs: info.mtimeMs - 600_000 })
        return info
      },
    }
    expect(await putBeside(behind, 3)).to.have.property('message', 'enough')
    expect((await stat(claim)).size).to.equal(6)
  })

  it('keeps a claim that was taken anew between look and removal', async () => {
    const claim = await claimOf(600_000)
    const racing: MediumCalls = {
      ...exFat,
      create: async (path) => {
        if (basename(path).startsWith('c-c-')) {
          await unlink(claim)
          await writeFile(claim, 'of another')
        }
        await nodeMedium.create(path)
      },
    }
    expect(await putBeside(racing, 4)).to.have.property('message', 'enough')
    expect((await stat(claim)).size).to.equal(10)
  })
})
