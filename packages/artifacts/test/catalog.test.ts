import { runContract } from '@turnstead/testkit/contract'
import { expect } from 'chai'
import { describe, it } from 'mocha'

import type { ArtifactCatalog } from '../src/catalog/catalog.js'
import { artifactCatalogContract, type ArtifactCatalogSubject } from '../src/contract.js'
import { createMemoryCatalog } from '../src/memory.js'
import { brokenCatalogs } from './support/broken-catalogs.js'

function openSubject(breakIt = (catalog: ArtifactCatalog) => catalog): ArtifactCatalogSubject {
  let now = 1_700_000_000_000
  const catalog = breakIt(createMemoryCatalog({ clock: { now: () => now } }))
  return { catalog, another: () => catalog, advance: (ms) => void (now += ms) }
}

runContract({ describe, it }, 'memory catalog', artifactCatalogContract, {
  open: async () => ({ subject: openSubject(), close: async () => {} }),
})

describe('artifactCatalogContract', () => {
  for (const { breaks, make } of brokenCatalogs) {
    it(`fails a catalog that breaks: ${breaks}`, async () => {
      const promise = artifactCatalogContract.find(({ name }) => name === breaks)
      const run = promise?.run ?? expect.fail('no such promise')
      const failed = await run(openSubject(make)).then(
        () => false,
        () => true,
      )
      expect(failed).to.equal(true)
    })
  }

  it('has a broken catalog for every promise', () => {
    const covered = new Set(brokenCatalogs.map(({ breaks }) => breaks))
    const missing = artifactCatalogContract.filter(({ name }) => !covered.has(name))
    expect(missing.map(({ name }) => name)).to.deep.equal([])
  })
})
