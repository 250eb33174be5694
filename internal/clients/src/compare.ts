import type { FlowDifference } from './flow.js'

/** Where two outcomes differ. */
export function compare(opencode: unknown, impostor: unknown, at = ''): readonly FlowDifference[] {
  if (Object.is(opencode, impostor)) return []
  if (isTree(opencode) && isTree(impostor) && Array.isArray(opencode) === Array.isArray(impostor)) {
    const one = new Map<string, unknown>(Object.entries(opencode))
    const other = new Map<string, unknown>(Object.entries(impostor))
    return [...new Set([...one.keys(), ...other.keys()])].flatMap((key) =>
      compare(one.get(key), other.get(key), at === '' ? key : `${at}.${key}`),
    )
  }
  return [{ at, opencode, impostor }]
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
