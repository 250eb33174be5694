import { fieldsOf } from './fields.js'
import type { Fields } from './fields.js'

/** A value that survives `JSON.stringify` and `JSON.parse` unchanged. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject

/** An object that survives `JSON.stringify` and `JSON.parse` unchanged. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** Objects and lists that may still be copied. */
interface Budget {
  left: number
}

/**
 * Copies a value of unknown origin into frozen JSON, so that the sender cannot change it later.
 *
 * Total: what JSON cannot hold becomes `null`, what is deeper than `depth` or cyclic is cut, and so is what comes after
 * the first `nodes` objects and lists.
 */
export function toJsonValue(value: unknown, depth = 96, nodes = 1e6): JsonValue {
  return copy(value, depth, { left: nodes })
}

/** {@link toJsonValue} for an object; anything else becomes `null`. */
export function toJsonObject(value: unknown): JsonObject | null {
  return fieldsOf(value) === null ? null : (toJsonValue(value) as JsonObject)
}

function copy(value: unknown, depth: number, budget: Budget): JsonValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  // JSON has no negative zero; adding zero takes the sign away.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null
  if (typeof value !== 'object' || value === null) return null
  budget.left -= 1
  if (depth < 0 || budget.left < 0) return null
  if (Array.isArray(value)) {
    return Object.freeze(Array.from(value, (item) => copy(item, depth - 1, budget)))
  }
  return copyObject(value, depth, budget)
}

function copyObject(value: object, depth: number, budget: Budget): JsonObject {
  const result: Record<string, JsonValue> = {}
  for (const [key, item] of Object.entries(value)) {
    // Assigning to `__proto__` would change the prototype instead of adding a property.
    if (item === undefined || key === '__proto__') continue
    result[key] = copy(item, depth - 1, budget)
  }
  return Object.freeze(result)
}

/** Deep equality of two JSON values; key order does not count. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return false
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const entries = Object.entries(left)
  return (
    entries.length === Object.keys(right).length &&
    entries.every(
      ([key, item]) => Object.hasOwn(right, key) && sameJson(item, (right as Fields)[key]),
    )
  )
}
