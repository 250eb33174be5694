import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { TextEncoder } from 'node:util'

import { ArtifactError, type ArtifactErrorCode } from '../errors.js'
import { parseArtifactKey, type ArtifactKey } from '../store/key.js'
import type { ArtifactStat, ArtifactStore, GetOptions, ListOptions } from '../store/store.js'

/** One promise of {@link ArtifactStore}, as a check that any test runner can run. */
export interface ArtifactStoreCase {
  /** The promise, as a sentence. */
  readonly name: string
  /** The capability without which there is nothing to check. */
  readonly needs?: string
  /** Rejects when the store breaks the promise. Give it a fresh, empty store. */
  readonly run: (store: ArtifactStore) => Promise<void>
}

export const text: TextEncoder = new TextEncoder()

export function key(value: string): ArtifactKey {
  return parseArtifactKey(value)
}

/** A string that the type system believes to be a key, as a caller without types would pass it. */
export function unchecked(value: string): ArtifactKey {
  return value as ArtifactKey
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that differ at every position, so that a lost or doubled chunk shows. */
export function patternBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index += 1) {
    bytes[index] = (index ^ (index >>> 8) ^ (index >>> 16)) & 0xff
  }
  return bytes
}

export async function readAll(
  store: ArtifactStore,
  at: ArtifactKey,
  options: GetOptions = {},
): Promise<Buffer | null> {
  const found = await store.get(at, options)
  return found === null ? null : collectBody(found.body)
}

export async function collectBody(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function listAll(
  store: ArtifactStore,
  options: ListOptions = {},
): Promise<ArtifactStat[]> {
  const stats: ArtifactStat[] = []
  for await (const stat of store.list(options)) stats.push(stat)
  return stats
}

export async function listKeys(store: ArtifactStore, options: ListOptions = {}): Promise<string[]> {
  return (await listAll(store, options)).map((stat) => stat.key)
}

export async function assertAbsent(store: ArtifactStore, at: ArtifactKey): Promise<void> {
  assert.equal(await store.stat(at), null, 'stat finds something')
  assert.equal(await store.get(at), null, 'get finds something')
  assert.ok(!(await listKeys(store)).includes(at), 'list shows it')
}

export async function assertHolds(
  store: ArtifactStore,
  at: ArtifactKey,
  bytes: Uint8Array,
): Promise<void> {
  const stat = await store.stat(at)
  assert.equal(stat?.sizeBytes, bytes.byteLength)
  assert.equal(stat.sha256, sha256(bytes))
  assertBytes(await readAll(store, at), bytes)
}

/** Names the first difference; the assertion's own diff of a large body would take seconds. */
export function assertBytes(actual: Uint8Array | null, expected: Uint8Array): void {
  assert.ok(actual !== null, 'there is nothing')
  assert.equal(actual.byteLength, expected.byteLength)
  const index = actual.findIndex((byte, at) => byte !== expected[at])
  assert.equal(index, -1, `byte ${index} differs`)
}

/** The promise must reject with an ArtifactError of this code; returns it for more checks. */
export async function rejectsWith(
  code: ArtifactErrorCode,
  promise: Promise<unknown>,
): Promise<ArtifactError> {
  const error = await rejection(promise)
  assert.ok(ArtifactError.is(error), `Rejected with ${String(error)}, not with an ArtifactError.`)
  assert.equal(error.code, code)
  return error
}

export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  return assert.fail('Nothing was thrown.')
}

/** A source that stops in the middle until the test says how to go on, and knows whether it was closed. */
export interface HeldSource {
  readonly source: AsyncIterable<Uint8Array>
  /** Resolves when the first chunk was taken and the second one asked for. */
  readonly held: Promise<void>
  /** Ends the source normally. */
  readonly release: () => void
  readonly isClosed: () => boolean
}

export function heldSource(first: Uint8Array): HeldSource {
  let isClosed = false
  let announce = (): void => {}
  let release = (): void => {}
  const held = new Promise<void>((resolve) => (announce = resolve))
  const released = new Promise<void>((resolve) => (release = resolve))
  let asked = 0
  const iterator: AsyncIterator<Uint8Array> = {
    next: async () => {
      asked += 1
      if (asked === 1) return { done: false, value: first }
      announce()
      await released
      return { done: true, value: undefined }
    },
    return: async () => {
      isClosed = true
      return { done: true, value: undefined }
    },
  }
  const source = { [Symbol.asyncIterator]: () => iterator }
  return { source, held, release: () => release(), isClosed: () => isClosed }
}

/** The name of an error's class; the class itself may be of another realm. */
export function nameOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined
}
