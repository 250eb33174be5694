/** A value that survives `JSON.stringify` and `JSON.parse` unchanged. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject

/** An object that survives `JSON.stringify` and `JSON.parse` unchanged. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

const maxDepth = 96
const maxNodes = 1_000_000

interface Budget {
  nodes: number
}

/**
 * Copies a value of unknown origin into frozen JSON, so that the sender cannot change it later.
 *
 * Total: what JSON cannot hold becomes `null`, what is too deep or cyclic is cut.
 */
export function toJsonValue(value: unknown): JsonValue {
  return copy(value, 0, { nodes: 0 })
}

/** {@link toJsonValue} for an object; anything else becomes `null`. */
export function toJsonObject(value: unknown): JsonObject | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return copyObject(value, 0, { nodes: 0 })
}

function copy(value: unknown, depth: number, budget: Budget): JsonValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  // JSON has no negative zero; adding zero takes the sign away.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null
  if (typeof value !== 'object' || value === null) return null
  budget.nodes += 1
  if (depth > maxDepth || budget.nodes > maxNodes) return null
  if (Array.isArray(value)) {
    return Object.freeze(Array.from(value, (item) => copy(item, depth + 1, budget)))
  }
  return copyObject(value, depth, budget)
}

function copyObject(value: object, depth: number, budget: Budget): JsonObject {
  const result: Record<string, JsonValue> = {}
  for (const [key, item] of Object.entries(value)) {
    // Assigning to `__proto__` would change the prototype instead of adding a property.
    if (item === undefined || key === '__proto__') continue
    result[key] = copy(item, depth + 1, budget)
  }
  return Object.freeze(result)
}

/** Deep equality of two JSON values; key order does not count. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return false
  }
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => sameJson(item, right[index]))
    )
  }
  const leftEntries = Object.entries(left)
  if (leftEntries.length !== Object.keys(right).length) return false
  const other = new Map<string, unknown>(Object.entries(right))
  return leftEntries.every(([key, item]) => other.has(key) && sameJson(item, other.get(key)))
}
