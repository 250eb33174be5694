import type { Schema } from '../src/generated/request-tables.js'

/** A value that a schema refuses, and where it is wrong. */
export interface Mutant {
  readonly label: string
  readonly value: unknown
}

type Lookup = (schema: Schema) => Schema

/** The smallest value that fits a schema. */
export function exampleOf(schema: Schema, lookup: Lookup): unknown {
  const real = lookup(schema)
  if (real.enum !== undefined) return real.enum[0]
  if (real.anyOf !== undefined) return exampleOf(real.anyOf[0] ?? {}, lookup)
  switch (real.type) {
    case 'string':
      return real.pattern === undefined ? 'x' : `${real.pattern.replace('^', '')}_x`
    case 'boolean':
      return false
    case 'integer':
    case 'number':
      return Math.max(real.minimum ?? 0, (real.exclusiveMinimum ?? -1) + 1)
    case 'array':
      return []
    default: {
      const wanted = real.required ?? []
      const entries = Object.entries(real.properties ?? {}).filter(([name]) =>
        wanted.includes(name),
      )
      return Object.fromEntries(entries.map(([name, each]) => [name, exampleOf(each, lookup)]))
    }
  }
}

/** Values that differ from the example in one place each, and do not fit there. */
export function mutantsOf(schema: Schema, lookup: Lookup, depth = 0): readonly Mutant[] {
  const real = lookup(schema)
  const wrong = wrongValues(real)
  if (depth > 4) return wrong
  if (real.anyOf !== undefined) {
    const inner = real.anyOf.flatMap((each) =>
      mutantsOf(each, lookup, depth + 1).filter(
        ({ value }) => typeof value === 'object' && value !== null && Object.keys(value).length > 0,
      ),
    )
    return [...wrong, ...inner]
  }
  if (real.type === 'array') {
    const items = mutantsOf(real.items ?? {}, lookup, depth + 1)
    const inner = items.map(({ label, value }) => ({ label: `[0]${label}`, value: [value] }))
    return [...wrong, ...inner]
  }
  if (real.type !== 'object') return wrong
  const example = Object(exampleOf(real, lookup))
  const inner = Object.entries(real.properties ?? {}).flatMap(([name, each]) => {
    const changed = mutantsOf(each, lookup, depth + 1).map(({ label, value }) => ({
      label: `.${name}${label}`,
      value: { ...example, [name]: value },
    }))
    if (!(real.required ?? []).includes(name)) return changed
    const { [name]: _left, ...rest } = example
    return [{ label: `.${name} absent`, value: rest }, ...changed]
  })
  const extra = real.additionalProperties
  const more =
    typeof extra === 'object'
      ? mutantsOf(extra, lookup, depth + 1).map(({ label, value }) => ({
          label: `.key${label}`,
          value: { ...example, key: value },
        }))
      : []
  return [...wrong, ...inner, ...more]
}

function wrongValues(real: Schema): readonly Mutant[] {
  const all: readonly unknown[] = [null, 5, -1.5, 'wrong', true, [], ['x'], {}]
  const types: Readonly<Record<string, string>> = { integer: 'number' }
  const kind = types[real.type ?? ''] ?? real.type
  return all
    .filter((value) => {
      if (real.anyOf !== undefined) return true
      if (real.enum !== undefined) return !real.enum.some((each) => each === value)
      if (Array.isArray(value)) return kind !== 'array'
      if (value === null) return true
      if (typeof value !== kind) return true
      if (typeof value === 'string') return real.pattern !== undefined
      if (typeof value === 'number') {
        const isWhole = real.type !== 'integer' || Number.isInteger(value)
        const isAbove =
          value >= (real.minimum ?? -Infinity) && value > (real.exclusiveMinimum ?? -Infinity)
        return !(isWhole && isAbove && value <= (real.maximum ?? Infinity))
      }
      return false
    })
    .map((value) => ({ label: ` = ${JSON.stringify(value)}`, value }))
}
