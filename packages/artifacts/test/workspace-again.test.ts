import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { BigIntStats } from 'node:fs'
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  unlink,
  writeFile,
  type FileHandle,
} from 'node:fs/promises'
import { join } from 'node:path'

import { rejection, rejectsWith } from '../src/contract/subject.js'
import { createMemoryStore } from '../src/memory.js'
import { parseArtifactKey } from '../src/store/key.js'
import type { ArtifactStore } from '../src/store/store.js'
import { backupWorkspace, pruneBackups, restoreWorkspace } from '../src/workspace.js'
import { createPack } from '../src/workspace/pack.js'
import { readSmallFile } from '../src/workspace/read-file.js'
import type { Found } from '../src/workspace/walk.js'
import { makeWorkspaces } from './support/workspaces.js'

describe('backups and restores after something went wrong', () => {
  let root: string
  let remove: () => Promise<void>
  let from: string
  let to: string
  let store: ArtifactStore

  beforeEach(async () => {
    ;({ root, from, to, remove } = await makeWorkspaces())
    await mkdir(join(from, 'sub'), { recursive: true })
    await writeFile(join(from, 'sub', 'a'), 'hello')
    await chmod(join(from, 'sub', 'a'), 0o644)
    await symlink('a', join(from, 'sub', 'link'))
    store = createMemoryStore()
  })
  afterEach(() => remove())

  const backup = () => backupWorkspace({ store, directory: from, name: 'c1' })
  const restore = () => restoreWorkspace({ store, directory: to, name: 'c1' })

  it('builds on no backup that is damaged, or whose archives are lost or cut', async () => {
    const part = (id: string, name: string) => parseArtifactKey(`workspaces/c1/${id}/${name}`)
    const damages: Record<string, (id: string) => Promise<unknown>> = {
      'manifest damaged': (id) => store.put(part(id, 'manifest'), Buffer.from('{')),
      'archive lost': (id) => store.remove(part(id, 'pack')),
      'archive cut': (id) => store.put(part(id, 'pack'), Buffer.alloc(516)),
    }
    for (const [what, damage] of Object.entries(damages)) {
      await writeFile(join(from, 'new'), what)
      const { id } = await backup()
      await damage(id)
      const next = await backup()
      expect(next.id > id, what).to.equal(true)
      expect(next.newBytes, what).to.be.greaterThan(5)
      await restoreWorkspace({ store, directory: join(root, next.id), name: 'c1' })
      expect(await readFile(join(root, next.id, 'sub', 'a'), 'utf8'), what).to.equal('hello')
      // So that the damaged one is gone.
      expect(await pruneBackups({ store, name: 'c1', keep: 1 }), what).to.be.greaterThan(0)
    }
  })

  it('fails as storage does when the disk shows the workspace no longer', async () => {
    const failing: ArtifactStore = {
      ...store,
      put: async (key, ...given) => {
        if (key.endsWith('/pack')) await rm(from, { recursive: true })
        return store.put(key, ...given)
      },
    }
    const error = await rejection(backupWorkspace({ store: failing, directory: from, name: 'c1' }))
    expect(error).to.include({ code: 'storage_failed', retryable: true })
  })

  it('leaves out a file that opens and cannot be read', async () => {
    const refuse = () => Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }))
    let closed = 0
    const close = async (): Promise<void> => void (closed += 1)
    const handle = { read: refuse, close } as unknown as FileHandle
    for (const sizeBytes of [10, 1_000_000]) {
      const info = { size: BigInt(sizeBytes), mode: 0o644n, mtimeNs: 0n } as unknown as BigIntStats
      const open = async (): Promise<FileHandle> => handle
      const found: Found = { path: 'a', kind: 'file', stamp: '', info, target: null, open }
      const taking = createPack(0, new Map()).take(found, await readSmallFile(found))
      expect(await taking.next()).to.deep.equal({ done: true, value: 'unreadable' })
    }
    expect(closed).to.equal(2)
  })

  it('says of a directory that is restored already that it is', async () => {
    await backup()
    const first = await restore()
    await chmod(join(to, 'sub'), 0o500)
    await rejectsWith('already_exists', restore())
    await chmod(join(to, 'sub'), 0o755)
    expect(await restore()).to.deep.equal(first)
    expect(await readdir(to)).to.deep.equal(['sub'])
  })

  it('takes nothing else for a directory that is restored already', async () => {
    await backup()
    await restore()
    const file = join(to, 'sub', 'a')
    const changes: readonly (readonly [() => Promise<void>, () => Promise<void>])[] = [
      [() => writeFile(file, 'hellO'), () => writeFile(file, 'hello')],
      [() => writeFile(file, 'hello!'), () => writeFile(file, 'hello')],
      [() => chmod(file, 0o777), () => chmod(file, 0o644)],
      [() => unlink(join(to, 'sub', 'link')), () => symlink('a', join(to, 'sub', 'link'))],
    ]
    for (const [change, undo] of changes) {
      await change()
      await rejectsWith('already_exists', restore())
      await undo()
    }
    await restore()
    await writeFile(join(to, 'more'), 'x')
    await rejectsWith('already_exists', restore())
    expect(await readFile(join(to, 'more'), 'utf8')).to.equal('x')
  })
})
