/**
 * Of what a host gives to be called in the middle of a turn, by the names of the options.
 *
 * @throws TypeError for one that cannot be called.
 */
export function assertCallbacks(given: Readonly<Record<string, unknown>>): void {
  for (const [name, each] of Object.entries(given)) {
    if (each === undefined || typeof each === 'function') continue
    const example = name === 'asks' ? ', such as `waitForPerson`' : ''
    throw new TypeError(`\`${name}\` must be a function${example}`)
  }
}
