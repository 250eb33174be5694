/** Longest file name that {@link toFileName} returns, in bytes of UTF-8. */
export const maxFileNameBytes = 200

const maxExtensionBytes = 40
/** With a number of any length and the longest extension it is no longer than a name may be. */
const numberedStemBytes = 140
/**
 * Characters that change how a text is shown or read without being seen: controls, direction marks, what fonts leave out by
 * default (fillers, variation selectors, tags), letters that are blank, private use, line separators, what is no
 * character. The two joiners stay, scripts and emoji need them.
 */
const invisible =
  /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800\u{1d159}]/gu
const spaces = /[\p{Zs}\t]+/gu
const reservedCharacters = /[/\\<>:"|?*]/g
/** Windows does not count spaces before the dot. */
const deviceName = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\..*)?$/i

/**
 * Makes a file name out of any text: one that saves on every platform, shows as what it is, and means
 * nothing to a shell, a header or a path. The extension survives shortening. Never empty.
 */
export function toFileName(text: string): string {
  return shorten(toWholeName(text))
}

/** Of any length. */
function toWholeName(text: string): string {
  const visible = withoutInvisible(text)
    .replace(reservedCharacters, '_')
    .replace(spaces, ' ')
    .trim()
    .replace(/^\.+/, '_')
    .replace(/[. ]+$/, '')
  const name = visible === '' ? 'file' : visible
  return deviceName.test(name) ? `_${name}` : name
}

/** A path for showing to people: invisible characters removed, everything else kept. */
export function toShownPath(path: string): string {
  const segments = path.split('/').map((part) => withoutInvisible(part).replace(spaces, ' '))
  return segments.map((part) => (part === '' ? '_' : part)).join('/')
}

/** The same text for names that people, or a file system that ignores case, would take for the same. */
export function foldFileName(text: string): string {
  return shorten(foldWholeName(text))
}

/** {@link foldFileName} of any length: shortening would take from a long name what tells whose it is. */
export function foldWholeName(text: string): string {
  const plain = text.normalize('NFKC').replace(/[\u200c\u200d]/g, '')
  // By way of capitals: some file systems take ß for ss, and ς for σ.
  return toWholeName(
    plain.toLowerCase().toUpperCase().toLowerCase().normalize('NFKC'),
  ).toLowerCase()
}

/**
 * A safe file name, the first with nothing added, others with their number: `a.txt`, `a (2).txt`. No two are the same, and none is cut
 * where the number is.
 */
export function toNumberedName(name: string, number: number): string {
  const safe = toFileName(name)
  if (number === 1) return safe
  const dot = safe.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [safe.slice(0, dot), safe.slice(dot)] : [safe, '']
  return toFileName(`${cutBytes(stem, numberedStemBytes)} (${number})${extension}`)
}

function withoutInvisible(text: string): string {
  return text.replace(invisible, '').normalize('NFC')
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= maxFileNameBytes) return name
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 ? name.slice(dot) : ''
  const kept = Buffer.byteLength(extension) <= maxExtensionBytes ? extension : ''
  const stem = name.slice(0, name.length - kept.length)
  return cutBytes(stem, maxFileNameBytes - Buffer.byteLength(kept)).replace(/[. ]+$/, '') + kept
}

function cutBytes(text: string, maxBytes: number): string {
  let bytes = 0
  let cut = ''
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) break
    cut += character
  }
  return cut
}
