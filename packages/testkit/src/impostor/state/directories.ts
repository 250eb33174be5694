import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { World } from './world.js'

/** The directory that a request means by these words, which are decoded once more and may be relative. */
export function toDirectory(world: World, given: string): string {
  return resolve(world.settings.directory, decode(given))
}

/** Whether there is no such directory, so that no prompt can run in it. */
export function isMissing(world: World, directory: string): boolean {
  const { settings, files } = world
  return !(
    directory === settings.directory ||
    settings.directories.includes(directory) ||
    files.isDirectory(directory) ||
    isOnDisk(directory)
  )
}

/** Whether a path is a directory or somewhere below it. */
export function isWithin(path: string, directory: string): boolean {
  return (
    path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`)
  )
}

/** Whether there is a directory, in memory or on the machine. */
export function isFolder({ files }: World, path: string): boolean {
  return files.isDirectory(path) || isOnDisk(path)
}

/** Whether there is a file where a directory is meant. */
export function isFile(world: World, path: string): boolean {
  if (path === world.settings.directory) return false
  const onDisk = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
  return onDisk || world.files.read(path) !== null
}

/** Files in memory may belong to directories that a test has really made. */
function isOnDisk(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
