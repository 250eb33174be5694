/**
 * The code of an error of Node or undici, such as `ECONNREFUSED`; null without one. Recognised by shape: a test runner may
 * load this package into a realm of its own, where Node's errors are no instances of `Error`.
 */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}
