import { foldWholeName, toFileName, toNumberedName } from '../file-name.js'

/** Windows takes paths of 260 characters, the folder that the user chose included. */
const maxPathLength = 180

/**
 * Paths inside an archive that unpack on every platform: each part a safe name, none a folder of another's file, no two the same
 * where case or spelling do not count.
 */
export function createEntryNames(): (path: string) => string {
  const files = new Set<string>()
  const folders = new Set<string>()
  /** The number to try next, for what many files are called. */
  const numbers = new Map<string, number>()
  return (path) => {
    const parts = path.split(/[/\\]/).filter((part) => part !== '' && part !== '.' && part !== '..')
    const safe = parts.length === 0 ? ['file'] : parts.map(toFileName)
    while (safe.length > 1 && safe.join('/').length > maxPathLength) safe.shift()
    const wanted = safe.map(foldWholeName).join('/')
    for (let number = numbers.get(wanted) ?? 1; ; number += 1) {
      const name = [...safe.slice(0, -1), toNumberedName(safe.at(-1) ?? 'file', number)]
      const folded = name.map(foldWholeName)
      const above = folded.slice(0, -1).map((_, index) => folded.slice(0, index + 1).join('/'))
      const whole = folded.join('/')
      // A folder that is a file's name gives way as a whole: its files lose it.
      if (above.some((each) => files.has(each))) {
        safe.shift()
        number = 0
        continue
      }
      if (files.has(whole) || folders.has(whole)) continue
      files.add(whole)
      numbers.set(wanted, number + 1)
      for (const each of above) folders.add(each)
      return name.join('/')
    }
  }
}
