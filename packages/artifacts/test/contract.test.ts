import { expect } from 'chai'
import { describe, it } from 'mocha'

import { artifactStoreContract, type ArtifactStoreCase } from '../src/contract.js'
import { createMemoryStore } from '../src/memory.js'
import type { ArtifactStore } from '../src/store/store.js'
import { brokenStores } from './support/broken-stores.js'

/** Whether a store fails a case; one that never ends counts as failed. */
async function fails(promise: ArtifactStoreCase, store: ArtifactStore): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const end = new Promise<void>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('It never ended.')), 300)
  })
  try {
    await Promise.race([promise.run(store), end])
    return false
  } catch {
    return true
  } finally {
    clearTimeout(timer)
  }
}

describe('artifactStoreContract', () => {
  it('has names that differ', () => {
    const names = artifactStoreContract.map(({ name }) => name)
    expect(new Set(names).size).to.equal(names.length)
  })

  it('holds for the reference and fails for every broken store, promise by promise', async () => {
    for (const promise of artifactStoreContract) {
      expect(await fails(promise, createMemoryStore()), promise.name).to.equal(false)
      for (const { breaks, make } of brokenStores) {
        if (breaks !== promise.name) continue
        expect(await fails(promise, make()), promise.name).to.equal(true)
      }
    }
  })

  it('has a broken store for every promise', () => {
    const covered = new Set(brokenStores.map(({ breaks }) => breaks))
    const missing = artifactStoreContract
      .map(({ name }) => name)
      .filter((name) => !covered.has(name))
    expect(missing).to.deep.equal([])
  })
})
