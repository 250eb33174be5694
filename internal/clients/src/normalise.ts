const times = new Set([
  'created',
  'updated',
  'completed',
  'start',
  'end',
  'next',
  'archived',
  'timestamp',
])

/** Gives chance values (ids, times, ports, folders) the same names on both servers. */
export function normalise(
  outcome: unknown,
  names: { readonly url: string; readonly directory: string },
): unknown {
  const seen = new Map<string, string>()
  const counts = new Map<string, number>()
  const rename = (id: string, kind: string): string => {
    const known = seen.get(id)
    if (known !== undefined) return known
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    seen.set(id, `${kind}#${count}`)
    return `${kind}#${count}`
  }
  const text = (given: string): string =>
    given
      .replaceAll(names.directory, '/workspace')
      .replaceAll(names.directory.replace(/^\//u, ''), 'workspace')
      .replaceAll(names.url, 'http://server')
      .replaceAll(/127\.0\.0\.1(:\d+)?/gu, 'host#')
      .replaceAll(/\b(ses|msg|prt|per|que|evt|call)_\w+/gu, (id, kind: string) => rename(id, kind))
      .replaceAll(/\berr_[0-9a-f]{8}\b/gu, 'err#')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/gu, 'date#')
      .replaceAll(/\b\d+(\.\d+)?m?s\b/gu, 'duration#')
  const value = (given: unknown, key: string): unknown => {
    if (typeof given === 'string') return key === 'slug' ? 'slug#' : text(given)
    if (typeof given === 'number') return times.has(key) && given > 1e12 ? 'time#' : given
    if (given instanceof Date) return 'time#'
    if (Array.isArray(given)) return given.map((each) => value(each, ''))
    if (typeof given !== 'object' || given === null) return given
    // Impostor has no model provider behind it: see `provider-headers` on the page about its fidelity.
    if (key === 'responseHeaders') return { 'content-type': Object(given)['content-type'] }
    return Object.fromEntries(
      Object.entries(given)
        .filter(([, each]) => each !== undefined)
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, each]) => [text(name), value(each, name)]),
    )
  }
  return value(outcome, '')
}
