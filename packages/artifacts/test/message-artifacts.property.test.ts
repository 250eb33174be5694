import { expect } from 'chai'
import fc from 'fast-check'
import { after, before, describe, it } from 'mocha'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createMemoryStore } from '../src/memory.js'
import { createMessageArtifacts } from '../src/collect/message-artifacts.js'
import { toTurnFiles } from '../src/collect/turn-files.js'
import { readText } from './support/read-text.js'
import { makeTempDir } from './support/temp-dir.js'
import { editCall, patchCall, writeCall } from './support/tool-calls.js'

describe('createMessageArtifacts, for any tool calls', () => {
  let temp: string
  let directory: string
  let remove: () => Promise<void>

  before(async () => {
    const made = await makeTempDir()
    temp = made.path
    remove = made.remove
    directory = join(temp, 'agent')
    await mkdir(join(directory, 'sub'), { recursive: true })
    await mkdir(join(temp, 'agent2'))
    for (const path of ['agent/a', 'agent/sub/a', 'agent/sub/b']) {
      await writeFile(join(temp, path), 'inside')
    }
    for (const path of ['secret', 'agent2/a']) await writeFile(join(temp, path), 'secret')
    await symlink('..', join(directory, 'up'))
    await symlink('../secret', join(directory, 'link'))
  })

  after(async () => remove())

  const segment = fc.constantFrom(
    'a',
    'b',
    'sub',
    '..',
    '.',
    '',
    'up',
    'link',
    'secret',
    'agent',
    'agent2',
    '\0',
  )
  const anyPath = fc.oneof(
    fc.array(segment, { maxLength: 6 }).map((parts) => parts.join('/')),
    fc.string({ unit: 'binary' }),
  )

  it('never stores a byte from outside, and accounts for every file', async () => {
    const call = fc
      .tuple(fc.constantFrom('write', 'edit', 'move', 'delete'), anyPath, anyPath, fc.boolean())
      .map(([kind, one, two, isAbsolute]) => {
        const path = isAbsolute ? `${directory}/${one}` : one
        if (kind === 'write') return writeCall(path, 'inside')
        if (kind === 'edit') return editCall(path)
        if (kind === 'delete') return patchCall(directory, [{ type: 'delete', path: one }])
        return patchCall(directory, [{ type: 'move', path: one, to: two }])
      })
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (tools) => {
        const store = createMemoryStore()
        const artifacts = createMessageArtifacts({ store, directory })
        const { kept, dropped } = await artifacts.collect({ turnId: 'm', tools })
        for (const each of kept) {
          expect(await readText(store, each)).to.equal('inside')
          expect(each.path).to.be.oneOf(['a', 'sub/a', 'sub/b'])
          expect(each.key).to.match(/^messages\/m\/[0-9a-f]{32}-[0-9a-f]{32}$/)
        }
        const { files, lost } = toTurnFiles(tools, [directory])
        expect(kept.length + dropped.length).to.equal(files.length + lost.length)
      }),
      { numRuns: 150 },
    )
  })

  it('never fails, whatever is in the records', async () => {
    const record = fc.oneof(
      fc.anything(),
      fc.record(
        {
          tool: fc.constantFrom('write', 'edit', 'apply_patch'),
          status: fc.constant('completed'),
          input: fc.oneof(fc.anything(), fc.record({ filePath: anyPath, content: fc.anything() })),
          metadata: fc.oneof(
            fc.anything(),
            fc.record({
              files: fc.array(fc.record({ filePath: anyPath, movePath: fc.anything() })),
            }),
          ),
          callId: fc.string({ unit: 'binary', maxLength: 500 }),
        },
        { requiredKeys: ['tool', 'status'] },
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 6 }), async (tools) => {
        const artifacts = createMessageArtifacts({ store: createMemoryStore(), directory })
        const report = await artifacts.collect({ turnId: 1, tools })
        for (const { reason } of report.dropped) expect(reason).to.not.equal('store_failed')
      }),
      { numRuns: 150 },
    )
  })
})
