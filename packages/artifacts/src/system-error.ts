/** Whether a file system error says that there is nothing at this path. */
export function isMissing(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/**
 * The code that a system call failed with, such as `ENOENT`. Recognised by shape: a test runner may load this package into a
 * realm of its own, where Node's errors are no instances of `Error`.
 */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
