import type { Schema } from '../../generated/request-tables.js'
import { flawOf, lookUp } from '../checks/check-value.js'

/** A value that fits, as the server reads it: without unknown keys, and without null where that means absent. */
export function decodeValue(schema: Schema, value: unknown): unknown {
  const real = lookUp(schema)
  if (real.anyOf !== undefined) {
    const fits = (each: Schema): boolean =>
      flawOf(each, value, { path: [], line: '', owner: null }) === null
    const member = real.anyOf.find(fits)
    return member === undefined ? value : decodeValue(member, value)
  }
  if (Array.isArray(value)) {
    const items = real.items ?? {}
    return value.map((each) => decodeValue(items, each))
  }
  if (typeof value !== 'object' || value === null || real.type !== 'object') return value
  const { additionalProperties: extra, properties } = real
  if (properties === undefined && extra === undefined) return value
  const declared = Object.keys(properties ?? {})
  const rank = (name: string): number => declared.indexOf(name)
  // The server reads in the order of its schema, and shows what it read in that order.
  const given = Object.entries(value).toSorted(([one], [other]) => rank(one) - rank(other))
  const entries = given.flatMap(([name, each]): [string, unknown][] => {
    const known = properties?.[name] ?? extra
    if (known === undefined || (each === null && !allowsNull(known))) return []
    return [[name, decodeValue(known, each)]]
  })
  return Object.fromEntries(entries)
}

function allowsNull(schema: Schema): boolean {
  return lookUp(schema).anyOf?.some((each) => each.type === 'null') === true
}
