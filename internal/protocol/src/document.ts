import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** JSON as it is read; nothing is assumed about an OpenAPI document beyond what is looked at. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** What is read of an OpenAPI document. */
export interface OpenApiDocument {
  readonly paths: Record<string, { [key: string]: Json }>
  readonly components: { readonly schemas: Record<string, Json> }
}

/** The document of one server, with the version that the server says it has. */
export interface RecordedDocument {
  readonly serverVersion: string
  readonly hash: string
  readonly document: OpenApiDocument
}

export const recordedPath: URL = new URL('../openapi.json', import.meta.url)

export async function readRecorded(): Promise<RecordedDocument> {
  return JSON.parse(await readFile(recordedPath, 'utf8')) as RecordedDocument
}

export async function fetchDocument(baseUrl: string): Promise<RecordedDocument> {
  const password = process.env['OPENCODE_SERVER_PASSWORD']
  const user = process.env['OPENCODE_SERVER_USERNAME'] ?? 'opencode'
  const headers: Record<string, string> =
    password === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
  const get = async (path: string): Promise<Json> => {
    const url = `${baseUrl.replace(/\/+$/, '')}${path}`
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) })
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}`)
    return (await response.json()) as Json
  }
  const health = (await get('/global/health')) as { version: string }
  const document = (await get('/doc')) as unknown as OpenApiDocument
  return { serverVersion: health.version, hash: hashDocument(document), document }
}

/** The order of keys means nothing in JSON, so it does not change the hash. */
export function hashDocument(document: OpenApiDocument): string {
  const canonical = canonicalJson(document as unknown as Json)
  return `sha256-${createHash('sha256').update(canonical).digest('hex')}`
}

export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`)
  return `{${entries.join(',')}}`
}
