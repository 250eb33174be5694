import { createHash } from 'node:crypto'

import type { ArtifactCatalog, ArtifactOwner, CatalogEntry } from '../catalog/catalog.js'

/** A catalog under test with its clock; every case gets a fresh one. */
export interface ArtifactCatalogSubject {
  readonly catalog: ArtifactCatalog
  /** The same rows as another process has them. */
  readonly another: () => ArtifactCatalog
  /** Moves the clock forward. */
  readonly advance: (ms: number) => void
}

/** One promise of {@link ArtifactCatalog}, as a check that any test runner can run. */
export interface ArtifactCatalogCase {
  /** The promise, as a sentence. */
  readonly name: string
  /** Rejects when the catalog breaks the promise. */
  readonly run: (subject: ArtifactCatalogSubject) => Promise<void>
}

type Owner = ArtifactOwner | 'all'

export const sweep: {
  readonly olderThanMs: number
  readonly leaseMs: number
  readonly limit: number
} = { olderThanMs: 1_000, leaseMs: 10_000, limit: 100 }

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

export function entryOf(
  turnId: string,
  path: string,
  more: Partial<CatalogEntry> = {},
): CatalogEntry {
  const sha256 = digest(more.key ?? path)
  const id = `${digest(path).slice(0, 32)}-${sha256.slice(0, 32)}`
  return {
    id,
    key: `messages/${turnId}/${id}`,
    turnId,
    conversationId: 'c',
    path,
    name: path.split('/').at(-1) ?? path,
    contentType: 'text/plain',
    sizeBytes: 5,
    sha256,
    provenance: { source: 'disk', tool: 'write', callId: 'call_1', sessionId: 'ses_1' },
    trusted: false,
    storedAt: 1_700_000_000_000,
    ...more,
  }
}

export async function all(catalog: ArtifactCatalog, owner: Owner): Promise<CatalogEntry[]> {
  const found: CatalogEntry[] = []
  for await (const entry of catalog.list(owner)) found.push(entry)
  return found
}

export const pathsOf = (entries: readonly CatalogEntry[]): string[] =>
  entries.map(({ path }) => path)
