/** The length of the server's ids. What counts on it only takes longer where an id has another length. */
export const idLength = 30

/** Characters of an id that make its number. */
export const tailLength = 4

/**
 * A number for the last four characters of an id, which are random in the server's ids. It only saves
 * work: whoever finds the same number has to compare the ids.
 */
export function tailKeyOf(id: string): number {
  const { length } = id
  return toKey(
    id.charCodeAt(length - 4),
    id.charCodeAt(length - 3),
    id.charCodeAt(length - 2),
    id.charCodeAt(length - 1),
  )
}

/** The same for an id of ASCII, at least `tailLength` long, that ends before `end`. */
export function tailKeyAt(bytes: Buffer, end: number): number {
  return toKey(bytes[end - 4], bytes[end - 3], bytes[end - 2], bytes[end - 1])
}

function toKey(a = 0, b = 0, c = 0, d = 0): number {
  return (a << 24) ^ (b << 16) ^ (c << 8) ^ d
}
