import { posix } from 'node:path'

import { Drop } from './drop-reason.js'

const maxPathBytes = 1024
const loneSurrogate = /\p{Cs}/u

/**
 * Takes a path from a tool call to one below the agent's directory, without touching the disk. Absolute
 * paths must begin with one of the names of that directory; relative ones are below it. Throws a Drop.
 */
export function toLogicalPath(path: string, directories: readonly string[]): string {
  const isInvalid =
    path.includes('\0') || loneSurrogate.test(path) || Buffer.byteLength(path) > maxPathBytes
  if (isInvalid) throw new Drop('invalid_path')
  const relative = posix.isAbsolute(path) ? below(posix.normalize(path), directories) : path
  const logical = relative === null ? null : posix.normalize(relative)
  if (logical === null || logical === '..' || logical.startsWith('../')) {
    throw new Drop('outside_directory')
  }
  if (logical === '.' || logical.endsWith('/')) throw new Drop('invalid_path')
  return logical
}

function below(path: string, directories: readonly string[]): string | null {
  for (const directory of directories) {
    const prefix = directory.endsWith('/') ? directory : `${directory}/`
    if (path.startsWith(prefix)) return `./${path.slice(prefix.length)}`
    if (path === directory) return '.'
  }
  return null
}
