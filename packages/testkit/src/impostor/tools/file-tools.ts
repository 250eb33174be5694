import { relative } from 'node:path'
import { toAbsolute } from '../state/files.js'
import { diffLines, filePatch } from './line-diff.js'
import { putPart, worktreeOf } from '../state/world.js'
import { instructionsFor } from './instructions.js'
import { permit } from './permit.js'
import { readPath } from './read-path.js'
import { replaceText } from './replace-text.js'
import { type ToolCall, ToolFailure, type ToolContext, type ToolResult } from './tool-context.js'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Paths of a call as the server shows them. */
function pathsOf(call: ToolCall, context: ToolContext): { absolute: string; shown: string } {
  const { directory } = context.session.info
  const absolute = toAbsolute(directory, String(call.input['filePath'] ?? ''))
  return { absolute, shown: relative(worktreeOf(context.world, directory), absolute) }
}

function announceChange(
  context: ToolContext,
  path: string,
  event: 'add' | 'change' | 'unlink',
): void {
  const { directory } = context.session.info
  if (event !== 'unlink') context.world.bus.publish(directory, 'file.edited', { file: path })
  context.world.bus.publish(directory, 'file.watcher.updated', { file: path, event })
}

function store(context: ToolContext, path: string, content: string): void {
  const before = context.world.files.read(path)
  const existed = before !== null
  context.touch(path)
  // A mark of the byte order stays, and is no part of the text.
  const mark = before && isMarked(before) && !content.startsWith('\uFEFF') ? '\uFEFF' : ''
  context.world.files.write(path, encoder.encode(mark + content))
  announceChange(context, path, existed ? 'change' : 'add')
}

function isMarked(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

async function permitOutside(
  call: ToolCall,
  context: ToolContext,
  absolute: string,
  kind: 'directory' | 'file' = 'file',
): Promise<void> {
  const { directory } = context.session.info
  if (absolute === directory || absolute.startsWith(`${directory}/`)) return
  const isFolder = kind === 'directory'
  const parentDir = isFolder ? absolute : absolute.slice(0, Math.max(1, absolute.lastIndexOf('/')))
  const glob = `${parentDir === '/' ? '' : parentDir}/*`
  await permit(call, context, {
    permission: 'external_directory',
    patterns: [glob],
    always: [glob],
    metadata: { filepath: absolute, parentDir },
  })
}

/** `write`: the whole file. */
export async function write(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const { absolute, shown } = pathsOf(call, context)
  const content = String(call.input['content'] ?? '')
  const before = context.world.files.read(absolute)
  if (before === null && context.world.files.isDirectory(absolute))
    throw new ToolFailure(`BadResource: FileSystem.readFile (${absolute})`)
  await permitOutside(call, context, absolute)
  await permit(call, context, {
    permission: 'edit',
    patterns: [shown],
    always: ['*'],
    metadata: {
      filepath: absolute,
      diff: filePatch(absolute, before ? decoder.decode(before) : '', content),
    },
  })
  store(context, absolute, content)
  return {
    output: 'Wrote file successfully.',
    title: shown,
    metadata: { diagnostics: {}, filepath: absolute, exists: before !== null },
  }
}

/** What cannot be asked for, whatever the file holds. */
function mistakeIn(
  { world }: ToolContext,
  absolute: string,
  { wanted, replacement }: { readonly wanted: string; readonly replacement: string },
): string | null {
  if (wanted === replacement) return 'No changes to apply: oldString and newString are identical.'
  const exists = world.files.read(absolute) !== null
  if (!exists && world.files.isDirectory(absolute))
    return `Path is a directory, not a file: ${absolute}`
  if (wanted === '' && exists)
    return 'oldString cannot be empty when editing an existing file. Provide the exact text to replace, or use write for an intentional full-file replacement.'
  return exists || wanted === '' ? null : `File ${absolute} not found`
}

/** `edit`: one replacement, or the whole of a new file. */
export async function edit(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const { absolute, shown } = pathsOf(call, context)
  await permitOutside(call, context, absolute)
  const bytes = context.world.files.read(absolute)
  const before = bytes === null ? '' : decoder.decode(bytes)
  if (call.input['filePath'] === '') throw new ToolFailure('filePath is required')
  const wanted = String(call.input['oldString'] ?? '')
  const replacement = String(call.input['newString'] ?? '')
  const mistake = mistakeIn(context, absolute, { wanted, replacement })
  if (mistake !== null) throw new ToolFailure(mistake)
  const isEvery = call.input['replaceAll'] === true
  const after = bytes === null ? replacement : replaceText(before, { wanted, replacement, isEvery })
  const lines = (text: string): string => text.replaceAll('\r\n', '\n')
  const patch = filePatch(absolute, lines(before), lines(after))
  await permit(call, context, {
    permission: 'edit',
    patterns: [shown],
    always: ['*'],
    metadata: { filepath: absolute, diff: patch },
  })
  store(context, absolute, after)
  const { additions, deletions } = diffLines(before, after)
  const metadata = {
    diff: patch,
    filediff: { file: absolute, patch, additions, deletions },
    diagnostics: {},
  }
  if (!context.isOver()) {
    putPart(context.world, context.session, {
      ...call.part,
      state: { metadata, status: 'running', input: call.input, time: { start: call.startedAt } },
    })
  }
  return { output: 'Edit applied successfully.', title: shown, metadata }
}

/** `read`: numbered lines of a file, names of a folder, or an image. */
export async function read(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const { absolute, shown } = pathsOf(call, context)
  const { files } = context.world
  const isFolder = files.read(absolute) === null && files.isDirectory(absolute)
  await permitOutside(call, context, absolute, isFolder ? 'directory' : 'file')
  await permit(call, context, {
    permission: 'read',
    patterns: [shown],
    always: ['*'],
    metadata: {},
  })
  const number = (name: string): Record<string, number> =>
    typeof call.input[name] === 'number' ? { [name]: call.input[name] } : {}
  const { output, metadata, attachment } = readPath(context.world, absolute, {
    ...number('offset'),
    ...number('limit'),
  })
  if (isFolder) return { output, title: shown, metadata }
  const told = instructionsFor(context, absolute)
  const loaded = { ...metadata, loaded: told.map((each) => each.path) }
  if (attachment === null) {
    const reminder = told.map((each) => each.content).join('\n\n')
    const more = told.length === 0 ? '' : `\n\n<system-reminder>\n${reminder}\n</system-reminder>`
    return { output: output + more, title: shown, metadata: loaded }
  }
  const file = { type: 'file', ...attachment }
  return { output, title: shown, metadata: loaded, attachments: [file] }
}

export { announceChange, permitOutside }
