import { readFileSync } from 'node:fs'

import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'

import {
  createClient,
  protocol,
  type Client,
  type Method,
  type PathFor,
  type ResponseOf,
} from '../src/index.js'
import { startStub, type StubServer } from './support/stub-server.js'

interface Operation {
  operationId: string
  parameters?: { name: string; in: string; required?: boolean }[]
  responses: Record<string, { content?: Record<string, unknown> }>
}

const recorded = JSON.parse(
  readFileSync(new URL('../../../internal/protocol/openapi.json', import.meta.url), 'utf8'),
) as { hash: string; document: { paths: Record<string, Record<string, Operation>> } }

const operations = Object.entries(recorded.document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method: method.toUpperCase(),
    operation,
  })),
)

/** Paths whose answer would have no type. */
type Untyped<M extends Method> = {
  [P in PathFor<M>]: [ResponseOf<M, P>] extends [never] ? P : never
}[PathFor<M>]
/** Does not compile when there is one. */
type AllTyped = { [M in Method]: [Untyped<M>] extends [never] ? true : Untyped<M> }
const allTyped: AllTyped = { GET: true, POST: true, PUT: true, PATCH: true, DELETE: true }

describe('client.request', () => {
  let server: StubServer
  let client: Client
  before(async () => {
    server = await startStub((request, response) => {
      const path = request.url.split('?')[0] ?? ''
      const match = operations.find(
        (each) => each.method === request.method && toPattern(each.path).test(path),
      )
      const [status, answer] = Object.entries(match?.operation.responses ?? {})[0] ?? ['501', {}]
      const [type] = Object.keys(answer.content ?? {})
      response.writeHead(Number(status), type === undefined ? {} : { 'content-type': type })
      if (type === undefined) response.end()
      else if (type === 'text/event-stream')
        response.end(`data: "${match?.operation.operationId}"\n\n`)
      else response.end(JSON.stringify(match?.operation.operationId))
    })
    client = createClient({ baseUrl: server.url, directory: '/w', env: {} })
  })
  after(async () => {
    await client.close()
    await server.close()
  })

  it('has types from the recorded document, and a type for every answer', () => {
    expect(protocol).to.include({ documentHash: recorded.hash, operations: operations.length })
    expect(Object.values(allTyped)).to.not.include(false)
  })

  for (const { method, path, operation } of operations) {
    it(`calls ${method} ${path}`, async () => {
      const named = (where: string): Record<string, string> =>
        Object.fromEntries(
          (operation.parameters ?? [])
            .filter((each) => each.in === where && each.required === true)
            .map((each) => [each.name, sample(each.name, path)]),
        )
      const params = { ...named('path'), ...(path.endsWith('*') ? { '*': 'a b/c' } : {}) }
      // One call for all operations: their types are checked by the compiler elsewhere.
      const call = client.request as (m: string, p: string, o: object) => Promise<unknown>
      const answer = await call(method, path, { params, query: named('query') })
      const [response] = Object.values(operation.responses)
      const [type] = Object.keys(response?.content ?? {})
      if (type === undefined) expect(answer).to.equal(undefined)
      else if (type === 'application/octet-stream') expect(answer).to.be.instanceOf(Uint8Array)
      else if (type === 'text/event-stream') {
        const events: unknown[] = []
        for await (const event of answer as AsyncIterable<unknown>) events.push(event)
        expect(events).to.deep.equal([operation.operationId])
      } else if (type.startsWith('text/x-diff'))
        expect(answer).to.equal(`"${operation.operationId}"`)
      else expect(answer).to.equal(operation.operationId)
    })
  }
})

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+').replace(/\*$/, '.+')}$`)
}

function sample(name: string, path: string): string {
  if (name === 'requestID') return path.includes('question') ? 'que_1' : 'per_1'
  return (
    { sessionID: 'ses_1', messageID: 'msg_1', partID: 'prt_1', permissionID: 'per_1' }[name] ??
    'x y'
  )
}
