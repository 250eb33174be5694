/** The names of an object's members: a list of them that the compiler keeps complete. */
export type Names<Shape> = Readonly<Record<keyof Shape, true>>

/**
 * Refuses names that are none: in JavaScript a misspelt `listenerWaitMs` would be left out in silence, and a test be green for another
 * reason.
 *
 * @throws TypeError naming the first one.
 */
export function assertKnown(what: string, given: unknown, known: Readonly<object>): void {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`${what} takes an object of options, not ${String(given)}.`)
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  const names = Object.keys(known).map((name) => `\`${name}\``)
  throw new TypeError(
    `${what} has no option ${JSON.stringify(unknown)}; it has ${names.join(', ')}.`,
  )
}
