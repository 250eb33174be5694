import mime from 'mime'

const fallback = 'application/octet-stream'

/** Types that no browser runs as a page or a script. Everything else is served as plain bytes. */
const safeTypes = new Set([
  'application/epub+zip',
  'application/gzip',
  'application/json',
  'application/msword',
  'application/pdf',
  'application/vnd.ms-excel',
  'application/vnd.ms-powerpoint',
  'application/vnd.oasis.opendocument.presentation',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.text',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/zip',
  'audio/mp4',
  'audio/mpeg',
  'audio/ogg',
  'audio/wav',
  'image/avif',
  'image/bmp',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/tiff',
  'image/webp',
  'text/csv',
  'text/markdown',
  'text/plain',
  'text/tab-separated-values',
  'video/mp4',
  'video/ogg',
  'video/webm',
])

/** The safe types that a page may show in place, because nothing in them can act. */
const inlineTypes = new Set([
  'audio/mp4',
  'audio/mpeg',
  'audio/ogg',
  'audio/wav',
  'image/avif',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/webp',
  'text/plain',
  'video/mp4',
  'video/ogg',
  'video/webm',
])

/**
 * The media type to serve a file name with: from its extension, and only from a list of types that cannot
 * act in a browser. HTML, SVG, XML, scripts and everything unknown become `application/octet-stream`.
 */
export function toSafeContentType(name: string): string {
  // A name without a dot is no extension, though mime would take it for one.
  const extension = /[^/]\.([^./]+)$/.exec(name)?.[1]
  const type = extension === undefined ? null : mime.getType(extension)
  if (type === null || !safeTypes.has(type)) return fallback
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}

/** Whether a type from {@link toSafeContentType} may be shown in place instead of being saved. */
export function isInlineSafe(contentType: string): boolean {
  return inlineTypes.has(contentType.replace(/;.*$/, ''))
}
