import { expect } from 'chai'
import { describe, it } from 'mocha'

import { hashDocument, readRecorded, type OpenApiDocument } from '../src/document.js'
import { describeDrift } from '../src/drift.js'
import { listOperations } from '../src/operations.js'

const base: OpenApiDocument = {
  paths: {
    '/a': {
      get: {
        operationId: 'a.get',
        parameters: [{ name: 'q', in: 'query', required: false }],
        responses: { 200: { description: 'x' } },
      },
    },
    '/old': { delete: { operationId: 'old', responses: {} } },
  },
  components: {
    schemas: {
      Thing: { properties: { id: { type: 'string' }, size: { type: 'number' } }, required: ['id'] },
    },
  },
}

describe('describeDrift', () => {
  it('says nothing about equal documents', () => {
    expect(describeDrift(base, structuredClone(base))).to.deep.equal([])
  })

  it('says in words what changed', () => {
    const after: OpenApiDocument = {
      paths: {
        '/a': {
          get: {
            operationId: 'a.read',
            parameters: [
              { name: 'q', in: 'query', required: true },
              { name: 'limit', in: 'query' },
            ],
            requestBody: { content: {} },
            responses: { 200: { description: 'y' }, 404: {} },
          },
        },
        '/new': { post: { operationId: 'new', responses: {} } },
      },
      components: {
        schemas: {
          Thing: {
            properties: { id: { type: 'integer' }, name: { type: 'string' } },
            required: ['id', 'name'],
          },
        },
      },
    }
    expect(describeDrift(base, after)).to.deep.equal([
      'DELETE /old is gone.',
      'GET /a is now called a.read instead of a.get.',
      'GET /a takes a new query parameter `limit`.',
      'GET /a: query parameter `q` is now required.',
      'GET /a: its answer 200 has another shape.',
      'GET /a may now answer 404.',
      'GET /a takes another body.',
      'POST /new is new.',
      'Thing.id has another type.',
      'Thing.name is new and always there.',
      'Thing.size is gone.',
    ])
  })
})

describe('the recorded document', () => {
  it('has the hash that is written beside it, whatever the order of its keys', async () => {
    const { hash, document } = await readRecorded()
    expect(hashDocument(document)).to.equal(hash)
    const turned = { components: document.components, paths: document.paths } as OpenApiDocument
    expect(hashDocument({ ...turned, ...document })).to.equal(hash)
  })

  it('has operations', async () => {
    expect(listOperations((await readRecorded()).document)).to.have.length.above(150)
  })
})
