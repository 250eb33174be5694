import { createHash } from 'node:crypto'

/** Names one call of a tool, so that it can be gone on with in another process. */
export interface Ticket {
  /** Of the request, which the answer repeats. */
  readonly id: string | number
  readonly tool: string
  /** {@link digestOf} the input. */
  readonly digest: string
  /** `callKey` of the call once `execute` may have begun; null before. */
  readonly key: string | null
}

/** For the header of a request. */
export function writeTicket({ id, tool, digest, key }: Ticket): string {
  return Buffer.from(JSON.stringify([id, tool, digest, key])).toString('base64url')
}

/** Null for what is none. */
export function readTicket(text: string): Ticket | null {
  try {
    const fields: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (!Array.isArray(fields) || fields.length !== 4) return null
    const [id, tool, digest, key] = fields as unknown[]
    const isId = typeof id === 'string' || typeof id === 'number'
    if (!isId || typeof tool !== 'string' || typeof digest !== 'string') return null
    return key === null || typeof key === 'string' ? { id, tool, digest, key } : null
  } catch {
    return null
  }
}

const digests = new WeakMap<object, string>()

/** The same for the same JSON, whatever the order of its keys. */
export function digestOf(input: unknown): string {
  const isObject = typeof input === 'object' && input !== null
  const known = isObject ? digests.get(input) : undefined
  if (known !== undefined) return known
  const digest = createHash('sha256').update(stableJson(input)).digest('base64url')
  if (isObject) digests.set(input, digest)
  return digest
}

function stableJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stableJson(item)}`).join(',')}}`
}
