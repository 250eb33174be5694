import { relative } from 'node:path'
import { toAbsolute } from '../state/files.js'
import { diffLines, filePatch } from './line-diff.js'
import { putPart, worktreeOf } from '../state/world.js'
import { permit } from './permit.js'
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
  const existed = context.world.files.read(path) !== null
  context.touch(path)
  context.world.files.write(path, encoder.encode(content))
  announceChange(context, path, existed ? 'change' : 'add')
}

async function permitOutside(
  call: ToolCall,
  context: ToolContext,
  absolute: string,
): Promise<void> {
  const { directory } = context.session.info
  if (absolute === directory || absolute.startsWith(`${directory}/`)) return
  const parentDir = absolute.slice(0, Math.max(1, absolute.lastIndexOf('/')))
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

/** `edit`: one replacement. */
export async function edit(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const { absolute, shown } = pathsOf(call, context)
  await permitOutside(call, context, absolute)
  const bytes = context.world.files.read(absolute)
  if (bytes === null) throw new ToolFailure(`File ${absolute} not found`)
  const before = decoder.decode(bytes)
  const wanted = String(call.input['oldString'] ?? '')
  if (!before.includes(wanted)) {
    throw new ToolFailure(
      'Could not find oldString in the file. It must match exactly, including whitespace, indentation, and line endings.',
    )
  }
  const replacement = String(call.input['newString'] ?? '')
  const after =
    call.input['replaceAll'] === true
      ? before.replaceAll(wanted, () => replacement)
      : before.replace(wanted, () => replacement)
  const patch = filePatch(absolute, before, after)
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

/** `read`: numbered lines. */
export async function read(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const { absolute, shown } = pathsOf(call, context)
  await permitOutside(call, context, absolute)
  await permit(call, context, {
    permission: 'read',
    patterns: [shown],
    always: ['*'],
    metadata: {},
  })
  const bytes = context.world.files.read(absolute)
  if (bytes === null) throw new ToolFailure(`File not found: ${absolute}`)
  const lines = decoder.decode(bytes).replace(/\n$/u, '').split('\n')
  const text = lines.join('\n')
  const numbered = lines.map((line, index) => `${index + 1}: ${line}`).join('\n')
  return {
    output: `<path>${absolute}</path>\n<type>file</type>\n<content>\n${numbered}\n\n(End of file - total ${lines.length} lines)\n</content>`,
    title: shown,
    metadata: {
      preview: lines.slice(0, 20).join('\n'),
      truncated: false,
      loaded: [],
      display: {
        type: 'file',
        path: absolute,
        text,
        lineStart: 1,
        lineEnd: lines.length,
        totalLines: lines.length,
        truncated: false,
      },
    },
  }
}

export { announceChange }
