import { isFixture, piecesOf } from '../fixture.js'

/** An object of an endpoint: a few bytes as they came, or so many of the fixture, of which nothing is kept. */
export type Held = { readonly bytes: Buffer } | { readonly length: number }

const keptBytes = 1_048_576

/** Takes bytes in order; what is too much to keep must be the fixture. */
export interface Receiver {
  /** So many bytes came. */
  readonly length: () => number
  readonly take: (chunk: Buffer) => void
  /** Fails when other bytes came than were sent. */
  readonly finish: () => Held
}

export function createReceiver(): Receiver {
  let kept: Buffer[] = []
  let length = 0
  let isSame = true
  return {
    length: () => length,
    take: (chunk) => {
      isSame &&= isFixture(chunk, length)
      length += chunk.byteLength
      if (length <= keptBytes) kept.push(chunk)
      else kept = []
    },
    finish: () => {
      if (length <= keptBytes) return { bytes: Buffer.concat(kept) }
      if (!isSame) throw new Error('Other bytes came than were sent.')
      return { length }
    },
  }
}

export function sizeOf(held: Held): number {
  return 'bytes' in held ? held.bytes.byteLength : held.length
}

/** A part of an object; `end` is excluded. */
export function readHeld(held: Held, start: number, end: number): Iterable<Buffer> {
  return 'bytes' in held ? [held.bytes.subarray(start, end)] : piecesOf(start, end)
}
