import { relative } from 'node:path'
import { toAbsolute } from '../state/files.js'
import { diffLines, filePatch } from './line-diff.js'
import { worktreeOf } from '../state/world.js'
import { announceChange } from './file-tools.js'
import { permit } from './permit.js'
import { type ToolCall, ToolFailure, type ToolContext, type ToolResult } from './tool-context.js'

interface Change {
  readonly type: 'add' | 'update' | 'move' | 'delete'
  readonly path: string
  readonly movePath: string | null
  readonly before: string
  readonly after: string
}

/** `apply_patch`: several files in the `*** Begin Patch` format. */
export async function applyPatch(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const { directory } = context.session.info
  const changes = parsePatch(String(call.input['patchText']), (path) => {
    const bytes = context.world.files.read(toAbsolute(directory, path))
    return bytes === null ? null : new TextDecoder().decode(bytes)
  })
  const root = worktreeOf(context.world, directory)
  const files = changes.map((change) => describe(change, directory, root))
  const diff = files.map((file) => `${file.patch}\n`).join('')
  const shown = files.map((file) => file.relativePath)
  await permit(call, context, {
    permission: 'edit',
    patterns: shown,
    always: ['*'],
    metadata: { filepath: shown.join(', '), diff, files },
  })
  for (const change of changes) apply(change, directory, context)
  const letters = { add: 'A', update: 'M', move: 'M', delete: 'D' }
  const list = files.map((file) => `${letters[file.type]} ${file.relativePath}`).join('\n')
  const output = `Success. Updated the following files:\n${list}`
  return { output, title: output, metadata: { diff, files, diagnostics: {} } }
}

function describe(
  change: Change,
  directory: string,
  root: string,
): {
  type: Change['type']
  filePath: string
  relativePath: string
  patch: string
  additions: number
  deletions: number
  movePath?: string
} {
  const filePath = toAbsolute(directory, change.path)
  const movePath = change.movePath === null ? null : toAbsolute(directory, change.movePath)
  const { additions, deletions } = diffLines(change.before, change.after)
  return {
    filePath,
    relativePath: relative(root, movePath ?? filePath),
    type: change.type,
    patch: filePatch(filePath, change.before, change.after),
    additions,
    // The server counts the empty line behind the last line feed of a deleted file.
    deletions: change.type === 'delete' ? change.before.split('\n').length : deletions,
    ...(movePath === null ? {} : { movePath }),
  }
}

function apply(change: Change, directory: string, context: ToolContext): void {
  const { files } = context.world
  const path = toAbsolute(directory, change.path)
  const target = change.movePath === null ? path : toAbsolute(directory, change.movePath)
  context.touch(path)
  context.touch(target)
  if (change.type === 'delete' || change.type === 'move') {
    files.remove(path)
    announceChange(context, path, 'unlink')
  }
  if (change.type === 'delete') return
  const existed = files.read(target) !== null
  files.write(target, new TextEncoder().encode(change.after))
  announceChange(context, target, existed ? 'change' : 'add')
}

function parsePatch(patch: string, readFile: (path: string) => string | null): readonly Change[] {
  const changes: Change[] = []
  const sections = patch.split(/^\*\*\* (?=Add File|Update File|Delete File)/mu).slice(1)
  for (const section of sections) {
    const [head = '', ...rest] = section.split('\n')
    const lines = rest.filter((line) => !line.startsWith('*** End Patch'))
    const [verb = '', path = ''] = head.split(' File: ')
    if (verb === 'Add') {
      const after = lines
        .filter((line) => line.startsWith('+'))
        .map((line) => `${line.slice(1)}\n`)
        .join('')
      changes.push({ type: 'add', path, movePath: null, before: '', after })
      continue
    }
    const before = readFile(path)
    if (before === null)
      throw new ToolFailure(
        `apply_patch verification failed: Failed to read file to update: ${path}`,
      )
    if (verb === 'Delete') {
      changes.push({ type: 'delete', path, movePath: null, before, after: '' })
      continue
    }
    const movePath = lines.find((line) => line.startsWith('*** Move to: '))?.slice(13) ?? null
    changes.push({
      type: movePath === null ? 'update' : 'move',
      path,
      movePath,
      before,
      after: replaceHunks(before, lines, path),
    })
  }
  return changes
}

function replaceHunks(before: string, lines: readonly string[], path: string): string {
  let text = before
  for (const hunk of lines
    .join('\n')
    .split(/^@@.*$/mu)
    .slice(1)) {
    const body = hunk.split('\n').filter((line) => /^[ +-]/u.test(line))
    const old = body
      .filter((line) => !line.startsWith('+'))
      .map((line) => line.slice(1))
      .join('\n')
    const fresh = body
      .filter((line) => !line.startsWith('-'))
      .map((line) => line.slice(1))
      .join('\n')
    if (!text.includes(old))
      throw new ToolFailure(
        `apply_patch verification failed: Failed to find expected lines in ${path}:\n${old}`,
      )
    text = text.replace(old, () => fresh)
  }
  return text
}
