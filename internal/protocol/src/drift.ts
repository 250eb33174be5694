import { canonicalJson, type Json, type OpenApiDocument } from './document.js'
import { listOperations, type Operation } from './operations.js'

type Fields = { readonly [key: string]: Json }

/** What changed from one document to another, one sentence a line; empty when nothing did. */
export function describeDrift(before: OpenApiDocument, after: OpenApiDocument): string[] {
  return [...describeOperations(before, after), ...describeSchemas(before, after)]
}

function describeOperations(before: OpenApiDocument, after: OpenApiDocument): string[] {
  const byName = (document: OpenApiDocument): Map<string, Operation> =>
    new Map(listOperations(document).map((each) => [`${each.method} ${each.path}`, each]))
  return compareMaps(byName(before), byName(after), {
    added: (name) => [`${name} is new.`],
    removed: (name) => [`${name} is gone.`],
    changed: (name, old, now) => describeOperation(name, old, now),
  })
}

function describeOperation(name: string, before: Operation, after: Operation): string[] {
  const lines = [
    ...(before.id === after.id
      ? []
      : [`${name} is now called ${after.id} instead of ${before.id}.`]),
    ...compareMaps(parameters(before), parameters(after), {
      added: (key, now) => [
        `${name} takes a new ${key}${isRequired(now) ? ', which is required' : ''}.`,
      ],
      removed: (key) => [`${name} no longer takes ${key}.`],
      changed: (key, old, now) => [`${name}: ${key} ${describeChange(old, now)}.`],
    }),
    ...compareMaps(toMap(before.definition['responses']), toMap(after.definition['responses']), {
      added: (status) => [`${name} may now answer ${status}.`],
      removed: (status) => [`${name} no longer answers ${status}.`],
      changed: (status) => [`${name}: its answer ${status} has another shape.`],
    }),
  ]
  const bodies = [before, after].map((each) =>
    canonicalJson(each.definition['requestBody'] ?? null),
  )
  if (bodies[0] !== bodies[1]) lines.push(`${name} takes another body.`)
  return lines
}

function describeSchemas(before: OpenApiDocument, after: OpenApiDocument): string[] {
  return compareMaps(toMap(before.components.schemas), toMap(after.components.schemas), {
    added: (name) => [`Type ${name} is new.`],
    removed: (name) => [`Type ${name} is gone.`],
    changed: (name, old, now) => describeSchema(name, toFields(old), toFields(now)),
  })
}

function describeSchema(name: string, before: Fields, after: Fields): string[] {
  const required = (schema: Fields): Json[] =>
    Array.isArray(schema['required']) ? schema['required'] : []
  const lines = compareMaps(toMap(before['properties']), toMap(after['properties']), {
    added: (key) => [
      `${name}.${key} is new${required(after).includes(key) ? ' and always there' : ''}.`,
    ],
    removed: (key) => [`${name}.${key} is gone.`],
    changed: (key) => [`${name}.${key} has another type.`],
  })
  for (const key of Object.keys(toFields(after['properties']))) {
    if (!(key in toFields(before['properties']))) continue
    const [was, is] = [required(before).includes(key), required(after).includes(key)]
    if (was !== is)
      lines.push(`${name}.${key} is ${is ? 'now always there' : 'no longer always there'}.`)
  }
  return lines.length > 0 ? lines : [`Type ${name} has another shape.`]
}

function parameters(operation: Operation): Map<string, Json> {
  const list = operation.definition['parameters']
  const entries = (Array.isArray(list) ? list : []).map((each): [string, Json] => {
    const fields = toFields(each)
    return [`${toText(fields['in'])} parameter \`${toText(fields['name'])}\``, each]
  })
  return new Map(entries)
}

function describeChange(before: Json, after: Json): string {
  if (isRequired(before) !== isRequired(after))
    return isRequired(after) ? 'is now required' : 'is now optional'
  return 'has another type'
}

function isRequired(parameter: Json): boolean {
  return toFields(parameter)['required'] === true
}

interface Changes<Value> {
  readonly added: (key: string, value: Value) => string[]
  readonly removed: (key: string, value: Value) => string[]
  readonly changed: (key: string, before: Value, after: Value) => string[]
}

function compareMaps<Value>(
  before: ReadonlyMap<string, Value>,
  after: ReadonlyMap<string, Value>,
  describe: Changes<Value>,
): string[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort()
  return keys.flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)]
    if (old === undefined) return now === undefined ? [] : describe.added(key, now)
    if (now === undefined) return describe.removed(key, old)
    const isSame = canonicalJson(old as Json) === canonicalJson(now as Json)
    return isSame ? [] : describe.changed(key, old, now)
  })
}

function toMap(value: Json | Readonly<Record<string, Json>> | undefined): Map<string, Json> {
  return new Map(Object.entries(toFields(value)))
}

function toFields(value: Json | Readonly<Record<string, Json>> | undefined): Fields {
  if (value === undefined || value === null || typeof value !== 'object') return {}
  return Array.isArray(value) ? {} : (value as Fields)
}

function toText(value: Json | undefined): string {
  return typeof value === 'string' ? value : canonicalJson(value ?? null)
}
