import { toFileName } from '../file-name.js'

/**
 * A `Content-Disposition` header after RFC 6266: a quoted ASCII name for everyone and, where that is not
 * the whole name, the exact one as `filename*`.
 */
export function contentDisposition(kind: 'attachment' | 'inline', name: string): string {
  const exact = toFileName(name)
  // Some clients decode `%XX` inside the quoted form, so a percent sign cannot be there.
  const ascii = exact.replace(/[^\x20-\x7e]|[%"\\]/gu, '_')
  const quoted = `${kind}; filename="${ascii}"`
  return ascii === exact ? quoted : `${quoted}; filename*=UTF-8''${encodeExtended(exact)}`
}

/** RFC 8187: these four are left bare by encodeURIComponent but may not be in an extended value. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
