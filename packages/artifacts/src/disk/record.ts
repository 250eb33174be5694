import type { FileHandle } from 'node:fs/promises'

import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import type { ArtifactStat } from '../store/store.js'

/**
 * One file holds one object: its bytes, then a JSON description, then this footer. Bytes and description
 * appear, change and vanish together, in one rename.
 *
 *     bytes … | JSON … | length of the bytes (8) | length of the JSON (4) | mark (8)
 */
const mark = Buffer.from('TSTEAD1\n', 'latin1')
const footerBytes = 20
const maxDescriptionBytes = 65_536

/** The text after the bytes. */
export function encodeDescription(stat: ArtifactStat): Buffer {
  const { sizeBytes, ...description } = stat
  const json = Buffer.from(JSON.stringify(description))
  const footer = Buffer.alloc(footerBytes)
  footer.writeBigUInt64BE(BigInt(sizeBytes), 0)
  footer.writeUInt32BE(json.byteLength, 8)
  mark.copy(footer, 12)
  return Buffer.concat([json, footer])
}

/** Reads the description of an open object file. Fails with `corrupt` when it is not one of ours. */
export async function readDescription(handle: FileHandle, key: ArtifactKey): Promise<ArtifactStat> {
  const info = await handle.stat()
  if (!info.isFile() || info.size < footerBytes) throw corrupt(key)
  const footer = await readAt(handle, info.size - footerBytes, footerBytes)
  const sizeBytes = Number(footer.readBigUInt64BE(0))
  const jsonBytes = footer.readUInt32BE(8)
  if (
    !footer.subarray(12).equals(mark) ||
    jsonBytes > maxDescriptionBytes ||
    sizeBytes + jsonBytes + footerBytes !== info.size
  ) {
    throw corrupt(key)
  }
  const description = parseJson((await readAt(handle, sizeBytes, jsonBytes)).toString(), key)
  if (!isDescription(description) || description.key !== key) throw corrupt(key)
  const { sha256, contentType, storedAt, metadata } = description
  return { key, sizeBytes, sha256, contentType, storedAt, metadata }
}

type Description = Omit<ArtifactStat, 'sizeBytes'>

function isDescription(value: unknown): value is Description {
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Partial<Record<keyof Description, unknown>>
  return (
    typeof fields.key === 'string' &&
    typeof fields.sha256 === 'string' &&
    typeof fields.contentType === 'string' &&
    typeof fields.storedAt === 'number' &&
    typeof fields.metadata === 'object' &&
    fields.metadata !== null &&
    Object.values(fields.metadata).every((entry) => typeof entry === 'string')
  )
}

function parseJson(text: string, key: ArtifactKey): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw corrupt(key, error)
  }
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

function corrupt(key: ArtifactKey, cause?: unknown): ArtifactError {
  const message = `The stored file of artifact ${key} is damaged.`
  return new ArtifactError('corrupt', message, cause === undefined ? {} : { cause })
}
