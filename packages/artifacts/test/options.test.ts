import { tmpdir } from 'node:os'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createBlobStore } from '../src/blobs.js'
import { createDiskStore } from '../src/disk.js'
import { createGcsStore } from '../src/gcs.js'
import { createMessageArtifacts, serveArtifact, serveArtifactTo } from '../src/index.js'
import { createMemoryCatalog, createMemoryStore } from '../src/memory.js'
import { createWorkspaceWatch } from '../src/watch.js'
import { backupWorkspace, scheduleBackups } from '../src/workspace.js'

/** As JavaScript would call it. */
const call = (doorway: unknown, ...given: unknown[]): unknown =>
  (doorway as (...args: unknown[]) => unknown)(...given)

const store = createMemoryStore()
const directory = tmpdir()

describe('options', () => {
  const doors: readonly (readonly [string, unknown, object])[] = [
    ['createMessageArtifacts', createMessageArtifacts, { store, directory }],
    ['createDiskStore', createDiskStore, { root: directory }],
    ['createGcsStore', createGcsStore, { bucket: {} }],
    ['createBlobStore', createBlobStore, { blobs: {} }],
    ['createMemoryStore', createMemoryStore, {}],
    ['createMemoryCatalog', createMemoryCatalog, {}],
    ['createWorkspaceWatch', createWorkspaceWatch, { directory }],
    ['scheduleBackups', scheduleBackups, { store, directory, name: 1 }],
    ['serveArtifact', serveArtifact, { store, authorize: () => null }],
    ['serveArtifactTo', serveArtifactTo, { store, authorize: () => null }],
  ]
  for (const [name, doorway, options] of doors) {
    it(`that ${name} does not have are refused by name, and so is what is no object`, () => {
      expect(() => call(doorway, { ...options, misspelt: 1 }))
        .to.throw(TypeError, `\`${name}\` has no option "misspelt"`)
        .with.property('message')
        .that.matches(/it has `\w+`/)
      expect(() => call(doorway, null)).to.throw(TypeError, 'takes an object of options, not null')
    })
  }

  it('within options are refused the same way', async () => {
    const own = { store, directory }
    expect(() => call(createMessageArtifacts, { ...own, limits: { maxFileByte: 1 } })).to.throw(
      '`limits` has no option "maxFileByte"',
    )
    expect(() => call(createMessageArtifacts, { ...own, scan: { depth: 1 } })).to.throw(
      '`scan` has no option "depth"',
    )
    const backup = { ...own, name: 1, limits: { maxFiles: 1 } }
    expect(() => call(scheduleBackups, backup)).to.throw('`limits` has no option "maxFiles"')
    const refused = await Promise.resolve(call(backupWorkspace, backup)).catch(String)
    expect(refused).to.contain('`limits` has no option "maxFiles"')
  })

  it('of `collect` without tools are refused', async () => {
    const artifacts = createMessageArtifacts({ store, directory })
    const refused = await Promise.resolve(call(artifacts.collect, { turnId: 1 })).catch(String)
    expect(refused).to.equal('TypeError: `tools` is missing, such as `reply.result().tools`.')
  })
})
