/** A configuration object, as it would be in `opencode.json`. */
export type ConfigObject = Readonly<Record<string, unknown>>

/**
 * A deep copy of the first configuration with the others laid over it: objects are merged, arrays and other
 * values replaced, undefined skipped. None of the inputs is changed or shared.
 */
export function mergeConfig(...layers: readonly ConfigObject[]): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) {
      if (value === undefined || name === '__proto__') continue
      const before = result[name]
      result[name] = isObject(value)
        ? mergeConfig(isObject(before) ? before : {}, value)
        : copy(value)
    }
  }
  return result
}

/** True for objects that are merged, not replaced. */
export function isObject(value: unknown): value is ConfigObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  return isObject(value) ? mergeConfig(value) : value
}
