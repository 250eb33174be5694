import { createMemoryStore } from '@turnstead/turn'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createClient } from '@turnstead/wire'
import { createTask } from '../src/opencode-task.js'
import { majors } from './support/majors.js'
import { opencodeTask, type OpenCodeTaskOptions } from '../src/index.js'

/** As JavaScript may give them. */
const refused: readonly [options: object, words: string][] = [
  [{ server: 'http://127.0.0.1:4096', client: undefined }, 'createClient({ baseUrl })'],
  [{ server: { url: 'http://127.0.0.1:4096' }, client: undefined }, '`server` is what'],
  [{ client: 'http://127.0.0.1:4096' }, '`client` is what `createClient`'],
  [{ client: Promise.resolve(createClient()) }, 'it is a promise'],
  [{ scope: 42 }, '`scope` must be a text'],
  [{ signal: new AbortController().signal }, '`signal` hands runs over'],
  [{ isDirectoryOwn: 'no' }, '`isDirectoryOwn`'],
  [{ intervalMs: '500' }, '`intervalMs`'],
  [{ previewCharacters: '8000' }, '`previewCharacters`'],
  [{ artifacts: {} }, '`artifacts` has no `collect`'],
  [{ directory: '/srv/project' }, '`directory` goes with `server`'],
  [{ needsApproval: 'always' }, '`needsApproval`'],
  [{ rows: { store: createMemoryStore() } }, '`rows` has no `find`'],
  [{ rows: { find: () => null } }, '`rows` has no `store`'],
  [{ rows: { store: createMemoryStore(), find: () => null, notify: {} } }, '"notify"'],
]

describe('options of the tool that TypeScript would refuse, or that would be left out in silence', () => {
  for (const [options, words] of refused) {
    it(`are refused: ${words}`, () => {
      const given = { client: createClient(), ...options } as OpenCodeTaskOptions
      expect(() => opencodeTask(given)).to.throw(Error, words)
    })
  }

  it('are refused: an approval that the AI SDK would not ask for', () => {
    for (const { ai, name } of majors) {
      const create = (needsApproval: boolean) =>
        createTask(ai, { client: createClient(), needsApproval })
      expect(() => create(false)).not.to.throw()
      if (name === '5') expect(() => create(true)).to.throw(TypeError, 'version 6')
      else expect(create(true).needsApproval).to.equal(true)
    }
  })
})
