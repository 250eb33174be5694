/** The names of an object's members: a list of them that the compiler keeps complete. */
export type Names<Shape> = Readonly<Record<keyof Shape, true>>

/**
 * Refuses names that are none: in JavaScript a misspelt `scope` or `rows` would be left out in silence, and the tool would run without it.
 *
 * @throws TypeError naming the first one.
 */
export function assertKnown(
  what: string,
  given: object,
  known: Readonly<Record<string, true>>,
): void {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  const near = Object.keys(known).find((name) => name.toLowerCase() === unknown.toLowerCase())
  const hint = near === undefined ? '' : `; \`${near}\` may be meant`
  throw new TypeError(`${what} has no option ${JSON.stringify(unknown)}${hint}`)
}
