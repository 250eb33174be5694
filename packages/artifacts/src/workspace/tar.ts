import { Header, Pax } from 'tar'

/** What a header says of one thing. */
export interface TarEntry {
  readonly path: string
  readonly type: 'File' | 'Directory' | 'SymbolicLink'
  readonly mode: number
  readonly sizeBytes: number
  readonly modifiedAt: number
  readonly target?: string
}

const blockBytes = 512

/** The header of an entry, with one before it where the path or size needs it. Owners are never told. */
export function tarHeader(entry: TarEntry): Buffer {
  const { type, mode, sizeBytes, modifiedAt, target } = entry
  const data = {
    path: type === 'Directory' ? `${entry.path}/` : entry.path,
    type,
    mode,
    size: sizeBytes,
    mtime: new Date(modifiedAt),
    ...(target === undefined ? {} : { linkpath: target }),
  }
  const header = new Header(data)
  const block = Buffer.alloc(blockBytes)
  const isPlain = /^[\x20-\x7e]*$/.test(data.path + (target ?? ''))
  const needsMore = header.encode(block, 0) || !isPlain
  return needsMore ? Buffer.concat([new Pax(data).encode(), block]) : block
}

/** What follows bytes of this length, so that the next header begins at a block. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes)
}

/** The end of an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * blockBytes)
