import { schemas, type Schema } from '../../generated/request-tables.js'
import { absenceOf, named, nullsOf, shownNames, untold } from './document-notes.js'

/** Where a value stands. */
export interface Place {
  readonly path: readonly (string | number)[]
  /** The operation, as `POST /session`. */
  readonly line: string
  /** The schema that holds the value, where it has a name. */
  readonly owner: string | null
}

/** What is wrong with a value, in the server's words; null when it fits. */
export function flawOf(schema: Schema, value: unknown, place: Place): string | null {
  const name = schema.ref ?? null
  const real = lookUp(schema)
  const here: Place = name === null ? place : { ...place, owner: name }
  if (real.anyOf !== undefined) return flawOfUnion(schema, real.anyOf, value, here)
  const isFit = name !== null && untold.has(name) ? isObject(value) : fitsType(real, value)
  if (!isFit) return wrong(wordsOf(schema), value, place)
  if (real.type === 'object') return flawInObject(real, value, here)
  if (Array.isArray(value)) {
    if (value.length < (real.minItems ?? 0))
      return wrong(`a value with a length of at least ${real.minItems}`, value, place)
    return first(value, (each, index) => flawOf(real.items ?? {}, each, within(here, index)))
  }
  if (typeof value === 'string' && real.pattern !== undefined && !matches(real.pattern, value))
    return wrong(`a string starting with ${JSON.stringify(real.pattern.slice(1))}`, value, place)
  return typeof value === 'number' ? flawInNumber(real, value, place) : null
}

/** What a schema is called where a value does not fit. */
export function wordsOf(schema: Schema): string {
  const real = lookUp(schema)
  const literal = literalsOf(real)
  if (literal.length > 0 && !named.has(schema.ref ?? '')) {
    const shown = literal.map(([name, value]) => `readonly "${name}": ${JSON.stringify(value)}`)
    return `{ ${shown.join(', ')}, ... }`
  }
  if (schema.ref !== undefined) return shownNames[schema.ref] ?? schema.ref
  if (real.anyOf !== undefined) return real.anyOf.map(wordsOf).join(' | ')
  if (real.enum !== undefined) return real.enum.map((each) => JSON.stringify(each)).join(' | ')
  return real.type === 'integer' ? 'number' : (real.type ?? 'JSON value')
}

/** A schema's own text, wherever it is written down. */
export function lookUp(schema: Schema): Schema {
  return schema.ref === undefined ? schema : lookUp(schemas[schema.ref] ?? {})
}

/** The refusal of one value. */
export function wrong(expected: string, value: unknown, { path }: Pick<Place, 'path'>): string {
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return `Expected ${expected}, got ${shown}${shownPath(path)}`
}

function shownPath(path: Place['path']): string {
  return path.length === 0
    ? ''
    : `\n  at ${path.map((each) => (typeof each === 'number' ? `[${each}]` : `["${each}"]`)).join('')}`
}

function within(place: Place, key: string | number): Place {
  return { ...place, path: [...place.path, key] }
}

function fitsType(real: Schema, value: unknown): boolean {
  if (real.enum !== undefined) return real.enum.some((each) => each === value)
  switch (real.type) {
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value) && literalsOf(real).every(([name, each]) => value[name] === each)
    case 'integer':
    case 'number':
      return typeof value === 'number'
    case 'string':
    case 'boolean':
      return typeof value === real.type
    case 'null':
      return value === null
    default:
      return true
  }
}

function flawInObject(real: Schema, value: unknown, place: Place): string | null {
  const given = isObject(value) ? value : {}
  const wanted = real.required ?? []
  const properties = Object.entries(real.properties ?? {})
  const own = first(properties, ([name, each]) => {
    const inner = within(place, name)
    const held = given[name]
    if (held === undefined)
      return wanted.includes(name) ? `Missing key${shownPath(inner.path)}` : null
    return wanted.includes(name)
      ? flawOf(each, held, { ...inner, owner: null })
      : flawOfOptional(each, held, inner, name)
  })
  const extra = real.additionalProperties
  if (own !== null || extra === undefined) return own
  const known = new Set(properties.map(([name]) => name))
  const others = Object.entries(given).filter(([name]) => !known.has(name))
  return first(others, ([name, each]) => flawOf(extra, each, within(place, name)))
}

function flawOfOptional(schema: Schema, value: unknown, place: Place, name: string): string | null {
  const absence = absenceOf(place.line, place.owner, name)
  if (value === null && absence === 'null') return null
  const inner = { ...place, owner: null }
  if (!isCandidate(lookUp(schema), value) && absence !== 'strict') {
    const nulls = nullsOf(place.owner, name)
    const absent = absence === 'null' ? ' | null'.repeat(nulls) : ' | undefined'
    return wrong(`${wordsOf(schema)}${absent}`, value, place)
  }
  return flawOf(schema, value, inner)
}

function flawOfUnion(
  schema: Schema,
  members: readonly Schema[],
  value: unknown,
  place: Place,
): string | null {
  const flaws = members
    .filter((each) => isCandidate(lookUp(each), value, true))
    .map((each) => flawOf(each, value, place))
  if (flaws.includes(null)) return null
  return flaws[0] ?? wrong(wordsOf(schema), value, place)
}

/** Whether a value is of the kind of a schema, so that the schema says what is wrong with it. */
function isCandidate(real: Schema, value: unknown, isExact = false): boolean {
  if (real.anyOf !== undefined)
    return real.anyOf.some((each) => isCandidate(lookUp(each), value, isExact))
  if (real.type === 'object' && !isExact) return isObject(value)
  if (real.enum !== undefined && !isExact)
    return real.enum.some((each) => typeof each === typeof value)
  return fitsType(real, value)
}

function flawInNumber(real: Schema, value: number, place: Place): string | null {
  if (real.type === 'integer' && !Number.isSafeInteger(value))
    return wrong('an integer', value, place)
  if (real.minimum !== undefined && value < real.minimum)
    return wrong(`a value greater than or equal to ${real.minimum}`, value, place)
  if (real.exclusiveMinimum !== undefined && value <= real.exclusiveMinimum)
    return wrong(`a value greater than ${real.exclusiveMinimum}`, value, place)
  if (real.maximum !== undefined && value > real.maximum)
    return wrong(`a value less than or equal to ${real.maximum}`, value, place)
  return null
}

/** Properties that have one value only: they tell which member of a union an object is. */
function literalsOf(real: Schema): readonly (readonly [string, string | number | boolean])[] {
  return Object.entries(real.properties ?? {}).flatMap(([name, each]) => {
    const [only, ...others] = each.enum ?? []
    const isWanted = real.required?.includes(name) === true
    return only === undefined || others.length > 0 || !isWanted ? [] : [[name, only] as const]
  })
}

function matches(pattern: string, value: string): boolean {
  return new RegExp(pattern, 'u').test(value)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function first<T>(
  list: readonly T[],
  find: (each: T, index: number) => string | null,
): string | null {
  for (const [index, each] of list.entries()) {
    const found = find(each, index)
    if (found !== null) return found
  }
  return null
}
