/** The names of an object's members: a list of them that the compiler keeps complete. */
export type Names<Shape> = Readonly<Record<keyof Shape, true>>

/**
 * Refuses names that are none: in JavaScript a misspelt `history` or `askMs` would be left out in silence.
 *
 * @throws TypeError naming the first one.
 */
export function assertKnown(what: string, given: object, known: object): void {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  const near = nearestOf(known, unknown)
  const hint = near === undefined ? '' : `; \`${near}\` may be meant`
  throw new TypeError(`${what} has no option ${JSON.stringify(unknown)}${hint}`)
}

/** The option that a name is nearly; undefined when there is none. */
export function nearestOf(known: object, given: string): string | undefined {
  return Object.keys(known).find((name) => isNear(name, given))
}

/** @throws TypeError for a word that is none of them. */
export function assertChoice(what: string, given: unknown, choices: readonly string[]): void {
  if (choices.includes(given as string)) return
  throw new TypeError(`\`${what}\` must be ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`)
}

/** An option that a host passes on as `undefined` was not given; spread over a default it would win. */
export function withoutUndefined<Options extends object>(options: Options): Options {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as Options
}

/** One letter more, less, other or exchanged, or the unit left out; case does not count. */
function isNear(name: string, given: string): boolean {
  const [one, other] = [name.toLowerCase(), given.toLowerCase()]
  if (one === other || one === `${other}ms`) return true
  let start = 0
  while (start < one.length && one[start] === other[start]) start += 1
  let end = 0
  const most = Math.min(one.length, other.length) - start
  while (end < most && one.at(-1 - end) === other.at(-1 - end)) end += 1
  const [left, more] = [one.length - start - end, other.length - start - end]
  return Math.max(left, more) <= 1 || isExchanged(one.slice(start), other.slice(start), left, more)
}

function isExchanged(one: string, other: string, left: number, more: number): boolean {
  return left === 2 && more === 2 && one[0] === other[1] && one[1] === other[0]
}
