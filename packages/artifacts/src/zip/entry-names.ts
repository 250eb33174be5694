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
    let safe = toSafeParts(path)
    let folded = safe.map(foldWholeName)
    let above = foldersOf(folded)
    // A folder that is a file's name gives way as a whole: its files lose it.
    while (above.some((each) => files.has(each))) {
      safe = safe.slice(1)
      folded = folded.slice(1)
      above = foldersOf(folded)
    }
    const wanted = folded.join('/')
    for (let number = numbers.get(wanted) ?? 1; ; number += 1) {
      const name = [...safe.slice(0, -1), toNumberedName(safe.at(-1) ?? 'file', number)].join('/')
      const whole = [...folded.slice(0, -1), foldWholeName(name.slice(name.lastIndexOf('/') + 1))]
      const key = whole.join('/')
      if (files.has(key) || folders.has(key)) continue
      files.add(key)
      numbers.set(wanted, number + 1)
      for (const each of above) folders.add(each)
      return name
    }
  }
}

/** The last parts of a path, as many as are not too long together; at least its name. */
function toSafeParts(path: string): string[] {
  const parts = path.split(/[/\\]/).filter((part) => part !== '' && part !== '.' && part !== '..')
  const safe = [toFileName(parts.pop() ?? 'file')]
  let length = safe[0]?.length ?? 0
  for (const part of parts.toReversed()) {
    const name = toFileName(part)
    length += name.length + 1
    if (length > maxPathLength) break
    safe.unshift(name)
  }
  return safe
}

function foldersOf(folded: readonly string[]): string[] {
  return folded.slice(0, -1).map((_, index) => folded.slice(0, index + 1).join('/'))
}
