import type { AskRecord } from '../ask-records.js'

const version = 1

/** The column as it is written. */
export function serializeAsks(asks: readonly AskRecord[]): string {
  return JSON.stringify({ v: version, asks })
}

/** What a column holds: the asks, `newer` when another version of this package wrote it, null when it is none of ours. */
export function parseAsks(value: unknown): readonly AskRecord[] | 'newer' | null {
  if (value === null || value === undefined) return []
  const parsed = typeof value === 'string' ? parseJson(value) : value
  if (typeof parsed !== 'object' || parsed === null) return null
  const { v, asks } = parsed as { readonly v?: unknown; readonly asks?: unknown }
  if (typeof v === 'number' && v > version) return 'newer'
  if (v !== version || !Array.isArray(asks)) return null
  return asks.filter(isAsk)
}

function isAsk(value: unknown): value is AskRecord {
  if (typeof value !== 'object' || value === null) return false
  const { id, kind, state } = value as Partial<AskRecord>
  return typeof id === 'string' && typeof kind === 'string' && typeof state === 'string'
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
