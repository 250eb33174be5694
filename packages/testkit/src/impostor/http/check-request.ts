import { requestShapes, type RequestShape, type Schema } from '../../generated/request-tables.js'
import type { Json } from '../state/records.js'
import { asRecord } from '../state/records.js'
import type { World } from '../state/world.js'
import { flawOf, lookUp, wordsOf, wrong } from '../checks/check-value.js'
import { decodeValue } from './decode-value.js'
import { badRequest, plainBadRequest, Refusal, unexpected } from './outcome.js'

/** A request, as far as the document says something of it. */
export interface CheckedRequest {
  /** The operation, as `POST /session/:sessionID/message`. */
  readonly line: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly contentType: string | undefined
  readonly rawBody: string
  /** The path as it came. */
  readonly rawPath: string
}

/** Operations that take any content type, and whose refusal says nothing. */
const curt: Readonly<Record<string, () => Refusal>> = {
  'POST /session': plainBadRequest,
  'POST /session/:sessionID/fork': plainBadRequest,
  'POST /provider/:providerID/oauth/authorize': () =>
    new Refusal({ status: 400, json: { name: 'BadRequest', data: {} } }),
}

/** Operations that refuse without a word. */
const mute = new Set(['GET /event', 'GET /pty/:ptyID/connect'])

/** Operations that can do without a body. */
const bodyless = new Set([
  'POST /session',
  'POST /session/:sessionID/fork',
  'POST /experimental/worktree',
])

/** Refuses what the server's own document does not allow, and gives the body as the server reads it. */
export function checkRequest(world: World, request: CheckedRequest): Json {
  const shape = requestShapes[request.line] ?? {}
  const isNew = /^\w+ (\/api\/|\/experimental\/project\/:projectID\/copy(\/refresh)?$)/u.test(
    request.line,
  )
  const refuse = isNew ? invalidRequest : badRequest
  const ids = Object.entries(shape.params ?? {})
  if (!isNew && request.query.getAll('workspace').length > 1) throw unexpected(world)
  for (const [name, schema] of ids) {
    const flaw = flawOf(schema, request.params[name] ?? '', place(request.line, name))
    if (flaw === null) continue
    if (mute.has(request.line)) throw new Refusal({ status: 400 })
    // The server looks for the session's id in the path as it came, before it looks up the route.
    const isFoundEarly = name === 'sessionID' && /\/session\/[^/]/u.test(request.rawPath)
    if (!isFoundEarly) throw refuse(flaw, 'Params')
    throw isNew
      ? new Refusal({
          status: 400,
          json: {
            _tag: 'InvalidRequestError',
            message: 'Invalid session ID',
            field: 'sessionID',
          },
        })
      : unexpected(world)
  }
  checkQuery(request, shape, refuse)
  return shape.body === undefined ? {} : readBody(world, request, shape.body, refuse)
}

function invalidRequest(message: string, kind: string): Refusal {
  return new Refusal({ status: 400, json: { _tag: 'InvalidRequestError', message, kind } })
}

type Refuse = (message: string, kind: 'Params' | 'Payload' | 'Query') => Refusal

function place(
  line: string,
  ...path: readonly string[]
): { path: readonly string[]; line: string; owner: null } {
  return { path, line, owner: null }
}

const anyText: Schema = { type: 'string' }

function checkQuery({ line, query }: CheckedRequest, shape: RequestShape, refuse: Refuse): void {
  const isApi = line.includes(' /api/')
  const given = { directory: anyText, ...(isApi ? { workspace: anyText } : {}), ...shape.query }
  for (const [name, schema] of Object.entries(given)) {
    const values = query.getAll(name)
    const isWanted = shape.needs?.includes(name) === true
    if (values.length > 1) {
      if (mute.has(line)) throw new Refusal({ status: 400 })
      const expected = isWanted ? 'string' : 'string | undefined'
      throw refuse(wrong(expected, values, { path: [name] }), 'Query')
    }
    const [value] = values
    if (value === undefined) {
      if (isWanted) throw refuse(`Missing key\n  at ["${name}"]`, 'Query')
      continue
    }
    const flaw = flawInQuery(schema, value, line, name)
    if (flaw !== null) throw refuse(flaw, 'Query')
  }
}

function flawInQuery(schema: Schema, value: string, line: string, name: string): string | null {
  const real = lookUp(schema)
  if (real.anyOf !== undefined) {
    const texts = real.anyOf.filter((each) => each.type === 'string')
    return texts.some((each) => each.enum?.includes(value) === true)
      ? null
      : wrong(texts.map(wordsOf).join(' | '), value, { path: [name] })
  }
  if (real.type === 'object' || real.type === 'number') return null
  return flawOf(schema, real.type === 'integer' ? Number(value) : value, place(line, name))
}

function readBody(world: World, request: CheckedRequest, schema: Schema, refuse: Refuse): Json {
  const { line, rawBody } = request
  const short = curt[line]
  const isEmpty = rawBody === '' || (rawBody.trim() === '' && bodyless.has(line) && short)
  if (isEmpty && bodyless.has(line)) return {}
  if (short === undefined) checkContentType(request.contentType)
  const parsed = parse(world, rawBody, short)
  const flaw = flawOf(schema, parsed, place(line))
  if (flaw !== null) throw short?.() ?? refuse(flaw, 'Payload')
  return asRecord(decodeValue(schema, parsed)) ?? {}
}

function checkContentType(given: string | undefined): void {
  const [type = ''] = (given ?? '').split(';')
  const name = type.trim().toLowerCase()
  if (name === '' || name === 'application/json') return
  throw new Refusal({
    status: 415,
    headers: { 'content-type': 'text/plain' },
    bytes: `Unsupported content-type: ${name}`,
  })
}

function parse(world: World, rawBody: string, short: (() => Refusal) | undefined): unknown {
  if (rawBody === '') return undefined
  try {
    return JSON.parse(rawBody)
  } catch {
    throw short?.() ?? unexpected(world)
  }
}
