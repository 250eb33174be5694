import type { ReasoningPart, TextPart } from '../records/part.js'
import type { PartMark, UiChunk } from './chunk.js'
import { fingerprint } from './fingerprint.js'
import { idInRound } from './position.js'
import type { TextPosition } from './position.js'

type Written = TextPart | ReasoningPart

/** What to send of a text, and how far the reader is then. */
export interface EncodedText {
  readonly chunks: readonly UiChunk[]
  readonly position: TextPosition | null
  /** How often the text was taken back by then. */
  readonly round: number
}

/**
 * Brings the reader from what it has of a text to what there is.
 *
 * A reader can only append. So a text with holes is held back until the server states it, and a text that turns out
 * to be different is taken back and sent again under another id.
 */
export function encodeText(
  part: Written,
  known: TextPosition | null,
  shown: string | null,
  round: number,
): EncodedText {
  if (known === null) return begin(part, round)
  if (isHeldBack(part)) return { chunks: [], position: known, round }
  if (isContradicted(part, known, shown)) {
    const again = begin(part, round + 1)
    return { ...again, chunks: [...takenBack(part.id, known), ...again.chunks] }
  }
  return { ...proceed(part, known), round }
}

/** The chunks that take back what was sent of a text. */
export function takenBack(partId: string, known: TextPosition): readonly UiChunk[] {
  const { kind, chunkId: id } = known
  const withdrawn: UiChunk = { type: 'data-withdrawn', id, data: { partId } }
  return known.isOpen ? [{ type: `${kind}-end`, id }, withdrawn] : [withdrawn]
}

function begin(part: Written, round: number): EncodedText {
  if (part.text === '' || isHeldBack(part)) return { chunks: [], position: null, round }
  const chunkId = idInRound(part.id, round)
  const fresh = {
    kind: part.kind,
    chunkId,
    length: 0,
    fingerprint: '',
    isOpen: true,
    isVoid: false,
  }
  const { chunks, position } = proceed(part, fresh)
  return {
    chunks: [{ type: `${part.kind}-start`, id: chunkId, ...mark(part) }, ...chunks],
    position,
    round,
  }
}

function proceed(part: Written, known: TextPosition): Omit<EncodedText, 'round'> {
  if (!known.isOpen) return { chunks: [], position: known }
  const chunks: UiChunk[] = []
  const id = known.chunkId
  const delta = part.text.slice(known.length)
  if (delta !== '') chunks.push({ type: `${part.kind}-delta`, id, delta })
  const isEnded = part.final || part.lost
  const isVoid = isNoAnswer(part)
  if (isEnded) chunks.push({ type: `${part.kind}-end`, id, ...mark(part) })
  return {
    chunks,
    position: { ...known, length: part.text.length, isOpen: !isEnded, isVoid },
  }
}

/** What a reader was sent is marked as it ends; another mark means to send it again. */
function isNoAnswer(part: Written): boolean {
  return part.lost || part.superseded
}

function isHeldBack(part: Written): boolean {
  return part.gapped && !part.final && !part.lost
}

function isContradicted(part: Written, known: TextPosition, shown: string | null): boolean {
  if (part.kind !== known.kind) return true
  if (!known.isOpen && (part.text.length > known.length || isNoAnswer(part) !== known.isVoid))
    return true
  if (shown === null) return fingerprint(part.text.slice(0, known.length)) !== known.fingerprint
  // Only the server's own statement can change what deltas gave, so nothing else is compared.
  return part.final && shown !== part.text && !part.text.startsWith(shown.slice(0, known.length))
}

function mark(part: Written): { readonly providerMetadata: { readonly turnstead: PartMark } } {
  const turnstead: PartMark = {
    partId: part.id,
    ...(part.lost && { lost: true }),
    ...(part.superseded && { superseded: true }),
  }
  return { providerMetadata: { turnstead } }
}
