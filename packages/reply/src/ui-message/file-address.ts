const schemes = new Set(['http', 'https', 'data', 'file'])

/**
 * Whether a file may be sent by this address: not when a browser would run it, as with `javascript:`.
 *
 * Browsers pass over what cannot be seen before the scheme, and over tabs and line breaks inside of it.
 */
export function isFileAddress(url: string): boolean {
  // oxlint-disable-next-line no-control-regex
  const [, scheme] = /^[\0-\x20]*([a-z][a-z\d+.\-\t\n\r]*):/i.exec(url) ?? []
  return scheme === undefined || schemes.has(scheme.replace(/[\t\n\r]/g, '').toLowerCase())
}
