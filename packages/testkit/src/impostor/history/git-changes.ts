import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import { diffLines } from '../tools/line-diff.js'
import { searchedFiles } from '../state/searched-files.js'
import type { World } from '../state/world.js'

/** What a file has become since the commit that an Impostor's repository begins with. */
export interface GitChange {
  readonly file: string
  readonly status: 'added' | 'deleted' | 'modified'
  readonly additions: number
  readonly deletions: number
  /** As git prints it. */
  readonly patch: string
}

/** Everything that has changed in a directory since its files were given, in the order of git. */
export function changesOf(world: World, directory: string, context: number): readonly GitChange[] {
  const { committed } = world
  const below = [...committed.keys()].filter((path) => path.startsWith(`${directory}/`))
  const paths = new Set([...below, ...searchedFiles(world, directory, directory)])
  return [...paths].toSorted().flatMap((path) => {
    const before = committed.get(path) ?? null
    const after = world.files.read(path)
    const isSame = before !== null && after !== null && Buffer.compare(before, after) === 0
    return isSame ? [] : [change(relative(directory, path), before, after, context)]
  })
}

function change(
  file: string,
  before: Uint8Array | null,
  after: Uint8Array | null,
  context: number,
): GitChange {
  const status = before === null ? 'added' : after === null ? 'deleted' : 'modified'
  const mode = {
    added: 'new file mode 100644\n',
    deleted: 'deleted file mode 100644\n',
    modified: '',
  }
  const index = `index ${hashOf(before)}..${hashOf(after)}${status === 'modified' ? ' 100644' : ''}`
  const head = `diff --git a/${file} b/${file}\n${mode[status]}${index}\n`
  if (before?.includes(0) === true || after?.includes(0) === true) {
    const patch = `${head}Binary files ${sides(file, status).join(' and ')} differ\n`
    return { file, status, additions: 0, deletions: 0, patch }
  }
  const decode = (bytes: Uint8Array | null): string => new TextDecoder().decode(bytes ?? undefined)
  const { additions, deletions, hunks } = diffLines(decode(before), decode(after), context, true)
  const [old, fresh] = sides(file, status)
  const patch = hunks === '' ? head : `${head}--- ${named(old)}\n+++ ${named(fresh)}\n${hunks}`
  return { file, status, additions, deletions, patch }
}

/** Git ends a name with a tab when it has a blank. */
function named(side: string): string {
  return side.includes(' ') ? `${side}\t` : side
}

function sides(file: string, status: GitChange['status']): readonly [string, string] {
  return [
    status === 'added' ? '/dev/null' : `a/${file}`,
    status === 'deleted' ? '/dev/null' : `b/${file}`,
  ]
}

/** The name that git gives to these bytes, as short as it prints it. */
function hashOf(bytes: Uint8Array | null): string {
  if (bytes === null) return '0000000'
  return createHash('sha1')
    .update(`blob ${bytes.byteLength}\0`)
    .update(bytes)
    .digest('hex')
    .slice(0, 7)
}
