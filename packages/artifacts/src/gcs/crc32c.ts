/** The checksum that the bucket keeps of every object, Castagnoli's CRC-32. The client's own takes one byte at a time, and so longer than all the rest. */
export interface Crc32c {
  readonly update: (bytes: Uint8Array) => void
  /** As the bucket writes it: four bytes, the highest first, in base64. */
  readonly toBase64: () => string
}

const polynomial = 0x82f63b78
const width = 8
const tables = makeTables()

export function createCrc32c(): Crc32c {
  let crc = -1
  return {
    update: (bytes) => {
      crc = advance(crc, bytes)
    },
    toBase64: () => {
      const buffer = Buffer.alloc(4)
      buffer.writeInt32BE(~crc)
      return buffer.toString('base64')
    },
  }
}

/** Eight bytes at a time: the table of a place says what a byte there does to the checksum after all eight. */
function advance(start: number, bytes: Uint8Array): number {
  let crc = start
  let at = 0
  const table = (place: number, byte: number): number => tables[(place << 8) | byte] as number
  for (const end = bytes.byteLength - width; at <= end; at += width) {
    const low =
      crc ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24))
    crc =
      table(7, low & 0xff) ^
      table(6, (low >>> 8) & 0xff) ^
      table(5, (low >>> 16) & 0xff) ^
      table(4, low >>> 24) ^
      table(3, bytes[at + 4] as number) ^
      table(2, bytes[at + 5] as number) ^
      table(1, bytes[at + 6] as number) ^
      table(0, bytes[at + 7] as number)
  }
  for (; at < bytes.byteLength; at += 1) {
    crc = table(0, (crc ^ (bytes[at] as number)) & 0xff) ^ (crc >>> 8)
  }
  return crc
}

function makeTables(): Int32Array {
  const all = new Int32Array(width * 256)
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    all[byte] = crc
  }
  for (let index = 256; index < all.length; index += 1) {
    const before = all[index - 256] as number
    all[index] = (all[before & 0xff] as number) ^ (before >>> 8)
  }
  return all
}
