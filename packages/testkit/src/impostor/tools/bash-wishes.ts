import { dirname, join, resolve } from 'node:path'
import { isWithin } from '../state/directories.js'
import type { Wish } from './permit.js'
import { nameOfCommand } from '../shell/shell-arity.js'
import { shellCommands, type ShellCommand } from '../shell/shell-commands.js'

const moving = new Set(['cd', 'chdir', 'popd', 'pushd'])
const withPaths = new Set([...moving, 'rm', 'cp', 'mv', 'mkdir', 'touch', 'chmod', 'chown', 'cat'])

/** Where a command line is run. */
export interface ShellPlace {
  readonly cwd: string
  readonly directory: string
  readonly home: string
  readonly isDirectory: (path: string) => boolean
}

/** What a person is asked before a command line is run: first for the folders outside that it names, then for its commands. */
export function bashWishes(command: string, place: ShellPlace): readonly Wish[] {
  const commands = shellCommands(command)
  const outside = [...new Set(commands.flatMap((each) => foldersOutside(each, place)))]
  if (!isWithin(place.cwd, place.directory) && !outside.includes(place.cwd)) outside.push(place.cwd)
  const asked = commands.filter(({ words }) => !moving.has(words[0] ?? ''))
  const globs = outside.map((folder) => join(folder, '*'))
  return [
    ...(outside.length === 0
      ? []
      : [
          {
            permission: 'external_directory',
            patterns: globs,
            always: globs,
            metadata: { command, directories: outside, patterns: globs },
          },
        ]),
    ...(asked.length === 0
      ? []
      : [
          {
            permission: 'bash',
            patterns: [...new Set(asked.map(({ text }) => text))],
            always: [...new Set(asked.map(({ words }) => `${nameOfCommand(words)} *`))],
            metadata: { command },
          },
        ]),
  ]
}

function foldersOutside({ words }: ShellCommand, place: ShellPlace): readonly string[] {
  const [name = '', ...given] = words
  if (!withPaths.has(name)) return []
  return given.flatMap((word) => {
    if (word.startsWith('-') || (name === 'chmod' && word.startsWith('+'))) return []
    const path = pathOf(word, place)
    if (path === null || isWithin(path, place.directory)) return []
    return [place.isDirectory(path) ? path : dirname(path)]
  })
}

/** The path that a word names, up to its first wildcard; null when only a shell would know. */
function pathOf(word: string, { cwd, home }: ShellPlace): string | null {
  const bare = /^(["'])(.*)\1$/su.exec(word)?.[2] ?? word
  const whole = bare === '~' ? home : bare.startsWith('~/') ? join(home, bare.slice(2)) : bare
  const wildcard = whole.search(/[?*[]/u)
  const path = wildcard < 0 ? whole : whole.slice(0, wildcard)
  return path === '' || path.startsWith('(') || /[$`]/u.test(path) ? null : resolve(cwd, path)
}
