import { runInNewContext } from 'node:vm'

import { expect } from 'chai'
import { describe, it } from 'mocha'

import { ArtifactError, parseArtifactKey } from '../src/index.js'
import { createMemoryStore } from '../src/memory.js'
import { errorCode, isMissing } from '../src/system-error.js'

/** As a test runner does that loads the package into a realm of its own. */
const foreign = (code: string): unknown => runInNewContext(code)

describe('values of another realm', () => {
  it('are errors of the system by their code', () => {
    const error = foreign("Object.assign(new Error('gone'), { code: 'ENOENT' })")
    expect(error).to.not.be.instanceOf(Error)
    expect(isMissing(error)).to.equal(true)
    for (const other of [null, undefined, 'ENOENT', {}, { code: 1 }]) {
      expect(errorCode(other)).to.equal(undefined)
    }
  })

  it('are bytes by what they are', async () => {
    const store = createMemoryStore()
    const bytes = foreign('new Uint8Array([1, 2, 3])') as Uint8Array
    const stat = await store.put(parseArtifactKey('a'), bytes)
    expect(stat.sizeBytes).to.equal(3)
    const chunks = (async function* () {
      yield bytes
    })()
    expect((await store.put(parseArtifactKey('b'), chunks)).sizeBytes).to.equal(3)
  })

  it('are an ArtifactError by its mark', () => {
    const error = new ArtifactError('corrupt', 'x')
    expect(error.message).to.equal('[corrupt] x')
    expect(ArtifactError.is(Object.setPrototypeOf(error, null))).to.equal(true)
    for (const other of [null, 'x', new Error('x')]) {
      expect(ArtifactError.is(other)).to.equal(false)
    }
  })
})
