import { readFile } from 'node:fs/promises'

import { expect } from 'chai'
import { describe, it } from 'mocha'

import { readRecorded, type RecordedDocument } from '../src/document.js'
import { requestTables, tablesPath } from '../src/request-tables.js'

describe('the tables of requests', () => {
  it('are what the recorded document says: npm run protocol:tables writes them', async () => {
    const committed = await readFile(tablesPath, 'utf8')
    expect(committed).to.equal(requestTables(await readRecorded()))
  })

  it('keep what says what fits, follow names, and leave out where any text will do', () => {
    const parameter = (name: string, schema: object): object => ({ name, in: 'query', schema })
    const document = {
      paths: {
        '/a/{id}': {
          post: {
            parameters: [
              { name: 'id', in: 'path', schema: { type: 'string', pattern: '^a' } },
              parameter('directory', { type: 'string' }),
              { ...parameter('limit', { type: 'integer', description: 'x' }), required: true },
            ],
            requestBody: {
              content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
            },
          },
        },
      },
      components: {
        schemas: {
          Thing: { type: 'object', properties: { next: { $ref: '#/components/schemas/Thing' } } },
          Other: { type: 'string' },
        },
      },
    }
    const recorded = { serverVersion: '1', hash: '', document } as unknown as RecordedDocument
    const source = requestTables(recorded)
    expect(source).to.contain(
      '"POST /a/:id": {"params":{"id":{"type":"string","pattern":"^a"}},"query":{"limit":{"type":"integer"}},"needs":["limit"],"body":{"ref":"Thing"}},',
    )
    expect(source).to.contain('"Thing": {"type":"object","properties":{"next":{"ref":"Thing"}}},')
    expect(source).not.to.contain('Other')
  })
})
