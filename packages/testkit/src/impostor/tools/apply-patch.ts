import { relative } from 'node:path'
import { toAbsolute } from '../state/files.js'
import { diffLines, filePatch } from './line-diff.js'
import { worktreeOf } from '../state/world.js'
import { announceChange, permitOutside } from './file-tools.js'
import { parsePatch, patchText, refuse } from './parse-patch.js'
import { permit } from './permit.js'
import type { ToolCall, ToolContext, ToolResult } from './tool-context.js'

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
  const changes = await changesOf(call, context)
  const root = worktreeOf(context.world, directory)
  const files = changes.map((change) => describe(change, directory, root))
  const diff = files.map((file) => `${file.patch}\n`).join('')
  const shown = files.map((file) => relative(root, file.filePath))
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
    // The server counts the empty line after the last line feed of a deleted file.
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

/** What a patch would make of the files; fails before anything is changed. */
async function changesOf(call: ToolCall, context: ToolContext): Promise<readonly Change[]> {
  const { directory } = context.session.info
  const { files } = context.world
  const changes: Change[] = []
  for (const section of parsePatch(String(call.input['patchText']))) {
    const { path } = section
    const absolute = toAbsolute(directory, path)
    await permitOutside(call, context, absolute)
    if (section.type === 'add') {
      const { content } = section
      const after = content === '' || content.endsWith('\n') ? content : `${content}\n`
      changes.push({ type: 'add', path, movePath: null, before: '', after })
      continue
    }
    const bytes = files.read(absolute)
    if (section.type === 'delete') {
      const reason = files.isDirectory(absolute) ? 'BadResource' : 'NotFound'
      if (bytes === null) throw refuse(`${reason}: FileSystem.readFile (${absolute})`)
      changes.push({ type: 'delete', path, movePath: null, before: decode(bytes), after: '' })
      continue
    }
    if (bytes === null) throw refuse(`Failed to read file to update: ${absolute}`)
    const before = decode(bytes)
    const after = patchText(before, section.chunks, absolute)
    const { movePath } = section
    if (movePath !== null) await permitOutside(call, context, toAbsolute(directory, movePath))
    changes.push({ type: movePath === null ? 'update' : 'move', path, movePath, before, after })
  }
  return changes
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
