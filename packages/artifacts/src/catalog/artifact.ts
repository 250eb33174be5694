import { createHash } from 'node:crypto'

import { toSafeContentType } from '../content-type.js'
import { toFileName, toShownPath } from '../file-name.js'
import { parseArtifactKey, toKeySegment, type ArtifactKey } from '../store/key.js'
import type { ArtifactStat } from '../store/store.js'

/**
 * Where the bytes of an artifact came from: the agent's `disk`, the OpenCode `server` over HTTP, or the
 * `tool-input`, what the model passed to `write`, because the file itself was out of reach; a user's `upload`; or the `host`, which made
 * them of another file by a transform.
 */
export type ArtifactSourceKind = 'disk' | 'server' | 'tool-input' | 'upload' | 'host'

/** How an artifact came to be. */
export interface ArtifactProvenance {
  /** Where its bytes were read. */
  readonly source: ArtifactSourceKind
  /** The tool that changed the file last in this turn; `unknown` when no call names the file; of the host's own, the name of the transform. */
  readonly tool: string
  /** The model's id of that call, when it is known. */
  readonly callId: string | null
  /** The session that made the call, when it is known; a sub-agent's own. */
  readonly sessionId: string | null
}

/** One file that the agent made or changed in a turn, safely stored. */
export interface Artifact {
  /** Its id within the turn; fits into a URL as it is. */
  readonly id: string
  /** Where the store keeps it. */
  readonly key: ArtifactKey
  /** The host's row of the turn that it belongs to. */
  readonly turnId: string
  /** The host's conversation, when `collect` was given it. */
  readonly conversationId: string | null
  /** Path below the agent's directory, for showing; invisible characters are removed. Escape it as any text. */
  readonly path: string
  /** A safe file name for downloads. */
  readonly name: string
  /** Media type from the name, of a list of harmless ones, see `toSafeContentType`; `text/html` for pages of the host's own. */
  readonly contentType: string
  /** Its length in bytes. */
  readonly sizeBytes: number
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string
  /** How it came to be. */
  readonly provenance: ArtifactProvenance
  /** Whether the host made these bytes. False for all that an agent wrote. */
  readonly trusted: boolean
  /** When it was stored, in milliseconds since the Unix epoch. */
  readonly storedAt: number
}

/** What is known of a file before it is stored. */
export interface ArtifactDraft {
  readonly turnId: string | number | bigint
  readonly conversationId: string | number | bigint | null
  /** Path below the agent's directory, exactly as it is. */
  readonly path: string
  readonly sha256: string
  readonly provenance: ArtifactProvenance
}

const id = /^[0-9a-f]{32}-[0-9a-f]{32}$/
const maxNoteLength = 200

/** Type of the pages that transforms make. */
export const pageType = 'text/html; charset=utf-8'

/** Beginning of the keys of a turn's artifacts. */
export function toTurnPrefix(turnId: string | number | bigint): string {
  return `messages/${toKeySegment(turnId)}/`
}

/** The key of an artifact by its id; `null` when the text is no such id. */
export function toArtifactKey(
  turnId: string | number | bigint,
  artifactId: string,
): ArtifactKey | null {
  return id.test(artifactId) ? parseArtifactKey(toTurnPrefix(turnId) + artifactId) : null
}

/**
 * Same turn, same path, same bytes: same id. So storing twice, or at once, stores once. What the host makes has ids that no file of
 * an agent's gets, whatever its path and bytes: no path holds NUL.
 */
export function toArtifactId(
  draft: Pick<ArtifactDraft, 'path' | 'sha256'>,
  isHost = false,
): string {
  const place = isHost ? `\0host/${draft.path}` : draft.path
  const path = createHash('sha256').update(place).digest('hex').slice(0, 32)
  return `${path}-${draft.sha256.slice(0, 32)}`
}

export function toContentType({ path, provenance }: ArtifactDraft): string {
  return contentTypeOf(toFileName(baseName(path)), provenance.source === 'host')
}

/** A page is one only when the host made it. */
function contentTypeOf(name: string, isHost: boolean): string {
  return isHost && name.endsWith('.html') ? pageType : toSafeContentType(name)
}

/** The notes that the store keeps beside the bytes; {@link toArtifact} reads them back. */
export function toMetadata(draft: ArtifactDraft): Record<string, string> {
  const { source, tool, callId, sessionId } = draft.provenance
  return {
    name: toFileName(baseName(draft.path)),
    path: toShownPath(draft.path),
    message: String(draft.turnId),
    ...(draft.conversationId === null ? {} : { conversation: String(draft.conversationId) }),
    source,
    tool,
    ...(callId === null ? {} : { call: toNote(callId) }),
    ...(sessionId === null ? {} : { session: toNote(sessionId) }),
  }
}

/** Reads a stored object as an artifact; `null` when it was not stored by `collect`. */
export function toArtifact(stat: ArtifactStat): Artifact | null {
  const { name, path, message, conversation, source, tool, call, session } = stat.metadata
  const artifactId = stat.key.split('/').at(-1) ?? ''
  const isOurs =
    name !== undefined &&
    path !== undefined &&
    message !== undefined &&
    tool !== undefined &&
    id.test(artifactId)
  if (!isOurs || source === undefined || !isSource(source)) return null
  return {
    id: artifactId,
    key: stat.key,
    turnId: message,
    conversationId: conversation ?? null,
    path,
    name,
    contentType: contentTypeOf(name, isHostMade(stat)),
    sizeBytes: stat.sizeBytes,
    sha256: stat.sha256,
    provenance: { source, tool, callId: call ?? null, sessionId: session ?? null },
    trusted: isHostMade(stat),
    storedAt: stat.storedAt,
  }
}

/** Nothing but the notes that this package writes tells whose bytes they are. */
function isHostMade({ metadata }: Pick<ArtifactStat, 'metadata'>): boolean {
  return metadata['source'] === ('host' satisfies ArtifactSourceKind)
}

const sources: readonly string[] = [
  'disk',
  'server',
  'tool-input',
  'upload',
  'host',
] satisfies ArtifactSourceKind[]

export function isSource(text: string): text is ArtifactSourceKind {
  return sources.includes(text)
}

/** A page that the host made. */
export function isHostPage(stat: Pick<ArtifactStat, 'metadata' | 'contentType'>): boolean {
  return isHostMade(stat) && stat.contentType === pageType
}

function baseName(path: string): string {
  return path.split('/').at(-1) ?? path
}

/** Ids of the model and the server are not ours to trust: cut, and without lone surrogates or NUL, which not every database takes. */
function toNote(text: string): string {
  return Buffer.from(text.slice(0, maxNoteLength)).toString().replaceAll('\0', '\ufffd')
}
