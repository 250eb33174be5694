import { dirname, relative } from 'node:path'
import { toAbsolute } from '../state/files.js'
import type { Json } from '../state/records.js'
import { matchesPath } from '../state/path-patterns.js'
import { findLines, searchedFiles } from '../state/searched-files.js'
import { worktreeOf } from '../state/world.js'
import { permitOutside } from './file-tools.js'
import { permit } from './permit.js'
import { type ToolCall, type ToolContext, ToolFailure, type ToolResult } from './tool-context.js'

const mostResults = 100
const mostCharacters = 2_000

/** `glob`: files by their names. Their order is by path here, and any on the server. */
export async function glob(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const pattern = String(call.input['pattern'])
  await permitSearch(call, context, pattern)
  const { world } = context
  const { directory } = context.session.info
  const folder = folderOf(call, context)
  const isThere = world.files.isDirectory(folder) || folder === directory
  if (!isThere && world.files.read(folder) !== null)
    throw new ToolFailure(`glob path must be a directory: ${folder}`)
  await permitOutside(call, context, folder, 'directory')
  if (!isThere) throw new ToolFailure('ripgrep execution failed')
  const found = searchedFiles(world, directory, folder).filter(
    (path) => pattern === '' || matchesPath(relative(folder, path), pattern),
  )
  const shown = found.slice(0, mostResults)
  const truncated = shown.length === mostResults
  const more = truncated
    ? [
        '',
        `(Results are truncated: showing first ${mostResults} results. Consider using a more specific path or pattern.)`,
      ]
    : []
  return {
    output: shown.length === 0 ? 'No files found' : [...shown, ...more].join('\n'),
    title: relative(worktreeOf(world, directory), folder),
    metadata: { count: shown.length, truncated },
  }
}

/** `grep`: lines of files. */
export async function grep(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const pattern = String(call.input['pattern'])
  if (pattern === '') throw new ToolFailure('pattern is required')
  await permitSearch(call, context, pattern)
  const { world } = context
  const { directory } = context.session.info
  const place = folderOf(call, context)
  const isFolder = world.files.isDirectory(place) || place === directory
  await permitOutside(call, context, place, isFolder ? 'directory' : 'file')
  // The server looks through the whole folder of a file.
  const folder = isFolder ? place : dirname(place)
  const include = call.input['include']
  const paths = searchedFiles(world, directory, folder).filter(
    (path) => typeof include !== 'string' || matchesPath(relative(folder, path), include),
  )
  const lines = findOrFail(context, paths, pattern)
  const shown = lines.slice(0, mostResults)
  const truncated = shown.length === mostResults
  if (shown.length === 0) {
    return { output: 'No files found', title: pattern, metadata: { matches: 0, truncated: false } }
  }
  const head = truncated
    ? `Found ${mostResults} matches (more matches available)`
    : `Found ${lines.length} matches`
  const output = [head]
  let path = ''
  for (const line of shown) {
    if (line.path !== path) output.push(...(path === '' ? [] : ['']), `${line.path}:`)
    path = line.path
    output.push(`  Line ${line.number}: ${cut(line.line)}`)
  }
  if (truncated) {
    output.push('', '(Results truncated. Consider using a more specific path or pattern.)')
  }
  return {
    output: output.join('\n'),
    title: pattern,
    metadata: { matches: shown.length, truncated },
  }
}

function cut(line: string): string {
  return line.length > mostCharacters ? `${line.slice(0, mostCharacters)}...` : line
}

function findOrFail(
  { world }: ToolContext,
  paths: readonly string[],
  pattern: string,
): ReturnType<typeof findLines> {
  try {
    return findLines(world, paths, pattern)
  } catch {
    throw new ToolFailure(`regex parse error:\n    ${pattern}`)
  }
}

function folderOf(call: ToolCall, context: ToolContext): string {
  const { directory } = context.session.info
  const path = call.input['path']
  return typeof path === 'string'
    ? toAbsolute(directory, path).replace(/(?<=.)\/$/u, '')
    : directory
}

/** What is not given is there as well, undefined, which spoils the list of permissions. */
function wishedBy({ input, tool }: ToolCall): Json {
  const { include, path, pattern } = input
  return tool === 'glob' ? { pattern, path } : { pattern, path, include }
}

async function permitSearch(call: ToolCall, context: ToolContext, pattern: string): Promise<void> {
  await permit(call, context, {
    permission: call.tool,
    patterns: [pattern],
    always: ['*'],
    metadata: wishedBy(call),
  })
}
