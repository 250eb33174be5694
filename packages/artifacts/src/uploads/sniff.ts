/** How files of a type begin: bytes in hexadecimal, `..` for any, from an offset. */
const beginnings: Readonly<Record<string, readonly RegExp[]>> = {
  'application/epub+zip': [/^504b0304/],
  'application/gzip': [/^1f8b/],
  'application/msword': [/^d0cf11e0/],
  'application/pdf': [/^255044462d/],
  'application/vnd.ms-excel': [/^d0cf11e0/],
  'application/vnd.ms-powerpoint': [/^d0cf11e0/],
  'application/zip': [/^504b0(?:304|506|708)/],
  'audio/mp4': [/^.{8}66747970/],
  'audio/mpeg': [/^494433/, /^ff[ef]/],
  'audio/ogg': [/^4f676753/],
  'audio/wav': [/^52494646.{8}57415645/],
  'image/avif': [/^.{8}66747970617669(?:66|73)/],
  'image/bmp': [/^424d/],
  'image/gif': [/^474946383[79]61/],
  'image/jpeg': [/^ffd8ff/],
  'image/png': [/^89504e470d0a1a0a/],
  'image/tiff': [/^49492a00/, /^4d4d002a/],
  'image/webp': [/^52494646.{8}57454250/],
  'video/mp4': [/^.{8}66747970/],
  'video/ogg': [/^4f676753/],
  'video/webm': [/^1a45dfa3/],
}
/** The formats of office programs of today are archives. */
const archive = /^application\/vnd\.(?:openxmlformats-officedocument|oasis\.opendocument)\./

/** Bytes of a file that {@link looksLike} needs. */
export const headBytes = 4096

/**
 * Whether a file may be of the type that its name says, by its first bytes. What a browser or a model is told of a file has
 * to be true: a picture that is a page is neither.
 */
export function looksLike(contentType: string, head: Uint8Array): boolean {
  const type = contentType.replace(/;.*$/, '')
  if (type.startsWith('text/') || type === 'application/json') return isText(head)
  const hex = Buffer.from(head.subarray(0, 16)).toString('hex')
  if (archive.test(type)) return hex.startsWith('504b0304')
  return beginnings[type]?.some((each) => each.test(hex)) ?? true
}

function isText(head: Uint8Array): boolean {
  if (head.includes(0)) return false
  try {
    // What is cut in the middle of a character may still be one.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}
