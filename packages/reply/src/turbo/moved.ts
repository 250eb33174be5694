/**
 * The fewest of `now` that have to move so that what stood in the order of `before` stands as they do. As good as always
 * none: a todo list moves when the call that showed it in its place is gone.
 */
export function movedFrom(before: readonly string[], now: readonly string[]): ReadonlySet<string> {
  const placeOf = new Map(before.map((id, place) => [id, place]))
  const places = now.map((id) => placeOf.get(id) ?? -1)
  if (places.every((place, index) => index === 0 || place > (places[index - 1] ?? -1))) {
    return new Set()
  }
  const staying = new Set(longestRise(places))
  return new Set(now.filter((_id, index) => !staying.has(index)))
}

/** Indices of a longest rising run, gaps allowed. */
function longestRise(places: readonly number[]): readonly number[] {
  /** The index that ends the lowest run of each length. */
  const ends: number[] = []
  const before: (number | undefined)[] = []
  for (const [index, place] of places.entries()) {
    let length = ends.findIndex((end) => (places[end] ?? 0) >= place)
    if (length === -1) length = ends.length
    before.push(ends[length - 1])
    ends[length] = index
  }
  const rise: number[] = []
  for (let at = ends.at(-1); at !== undefined; at = before[at]) rise.push(at)
  return rise
}
