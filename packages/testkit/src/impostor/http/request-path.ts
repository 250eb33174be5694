/** A path as the server looks it up. */
export interface RequestPath {
  /** Segments as they came, without empty ones. */
  readonly segments: readonly string[]
  /** Whether it ends with a slash: a name that a parameter could be is then taken for one. */
  readonly hasTrailingSlash: boolean
  /** As it came, without the query. */
  readonly raw: string
}

/** Reads the path of a request line: dots are not resolved, double slashes and one at the end do not count. */
export function readPath(target: string): RequestPath {
  const raw = target.replace(/^https?:\/\/[^/]*/u, '').replace(/[?#].*$/su, '')
  const segments = raw.split('/').filter((segment) => segment !== '')
  return { raw, segments, hasTrailingSlash: raw.length > 1 && raw.endsWith('/') }
}

/** A segment without its percent signs. */
export function decodeSegment(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
