const protocols = new Set(['http:', 'https:', 'data:', 'file:'])

/** Whether a file may be sent by this address, read as browsers read it: not when they would run it, as with `javascript:`. */
export function isFileAddress(url: string): boolean {
  try {
    return protocols.has(new URL(url, 'https://relative.invalid').protocol)
  } catch {
    return false
  }
}
