import { badRequest, plainBadRequest, Refusal, unexpected, type Call } from './outcome.js'
import { asRecord } from '../state/records.js'
import type { Json } from '../state/records.js'

/** One field of a body: what is expected in words, and a test. */
export interface Field {
  readonly expected: string
  readonly isOptional: boolean
  readonly fits: (value: unknown) => boolean
}

const field = (expected: string, fits: Field['fits'], isOptional = false): Field => ({
  expected,
  fits,
  isOptional,
})

/** Kinds of fields, worded as the server words them. */
export const fields: {
  readonly text: Field
  readonly optionalText: Field
  readonly list: Field
  readonly optionalFlag: Field
  readonly optionalObject: Field
  readonly optionalId: (prefix: string) => Field
  readonly id: (prefix: string) => Field
  readonly oneOf: (...values: readonly string[]) => Field
} = {
  text: field('string', (value) => typeof value === 'string'),
  optionalText: field('string | null', (value) => typeof value === 'string', true),
  list: field('array', Array.isArray),
  optionalFlag: field('boolean | null', (value) => typeof value === 'boolean', true),
  optionalObject: field('object | null', (value) => asRecord(value) !== null, true),
  optionalId: (prefix: string): Field =>
    field(
      `a string starting with "${prefix}"`,
      (value) => typeof value === 'string' && value.startsWith(prefix),
      true,
    ),
  id: (prefix: string): Field =>
    field(
      `a string starting with "${prefix}"`,
      (value) => typeof value === 'string' && value.startsWith(prefix),
    ),
  oneOf: (...values: readonly string[]): Field =>
    field(values.map((value) => JSON.stringify(value)).join(' | '), (value) =>
      values.includes(String(value)),
    ),
}

/** The body as an object whose fields fit; refuses as the server does. */
export function readBody(call: Call, shape: Readonly<Record<string, Field>>): Json {
  const type = call.headers['content-type']
  if (typeof type === 'string' && !type.includes('application/json')) {
    throw new Refusal({
      status: 415,
      headers: { 'content-type': 'text/plain' },
      bytes: `Unsupported content-type: ${type}`,
    })
  }
  const parsed = call.rawBody === '' ? undefined : parse(call)
  const body = asRecord(parsed)
  if (body === null) throw badRequest(`Expected object, got ${show(parsed)}`)
  for (const [name, expected] of Object.entries(shape)) {
    const value = body[name]
    if (value === undefined) {
      if (!expected.isOptional) throw badRequest(`Missing key\n  at ["${name}"]`)
      continue
    }
    if (value === null && expected.isOptional) {
      delete body[name]
      continue
    }
    if (!expected.fits(value)) throw badRequest(wrong(expected, value, name))
  }
  return body
}

function wrong(expected: Field, value: unknown, name: string): string {
  const isPrefixOfOther = expected.expected.startsWith('a string') && typeof value !== 'string'
  const words = isPrefixOfOther
    ? expected.isOptional
      ? 'string | null'
      : 'string'
    : expected.expected
  return `Expected ${words}, got ${show(value)}\n  at ["${name}"]`
}

function parse(call: Call): unknown {
  try {
    return JSON.parse(call.rawBody)
  } catch {
    throw unexpected(call.world)
  }
}

function show(value: unknown): string {
  return value === undefined ? 'undefined' : JSON.stringify(value)
}

/** The body of creation and forking: any content type, may be absent, 400 in the short form when it does not fit. */
export function readLooseBody(call: Call, shape: Readonly<Record<string, Field>>): Json {
  if (call.rawBody.trim() === '') return {}
  let parsed: unknown
  try {
    parsed = JSON.parse(call.rawBody)
  } catch {
    throw plainBadRequest()
  }
  const body = asRecord(parsed)
  if (body === null) throw plainBadRequest()
  for (const [name, expected] of Object.entries(shape)) {
    const value = body[name]
    if (value !== undefined && !expected.fits(value)) throw plainBadRequest()
  }
  return body
}

/** The session of a route; 500 for an id that is none, 404 for an unknown one. */
export function sessionIdOf(call: Call): string {
  const id = call.params['sessionID'] ?? ''
  if (!id.startsWith('ses')) throw unexpected(call.world)
  return id
}
