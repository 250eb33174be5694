import { extname, relative, sep } from 'node:path'
import { findLines, ignoredIn, searchedFiles } from '../state/searched-files.js'
import { worktreeOf } from '../state/world.js'
import { isMissing } from '../state/directories.js'
import { toAbsolute } from '../state/files.js'
import { findFiles } from '../state/found-files.js'
import { ok, unexpected, type Call, type Outcome } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'

function pathOf(call: Call): string {
  return inside(call, call.query.get('path') ?? '')
}

function inside(call: Call, path: string): string {
  const absolute = toAbsolute(call.directory, path).replace(/(?<=.)\/$/u, '')
  if (absolute !== call.directory && !absolute.startsWith(call.directory + sep)) {
    throw unexpected(call.world)
  }
  return absolute
}

interface Entry {
  readonly name: string
  readonly path: string
  readonly absolute: string
  readonly type: 'file' | 'directory'
  readonly ignored: boolean
}

function listDirectory(call: Call): Outcome {
  const folder = pathOf(call)
  const { files } = call.world
  const found = new Map<string, Entry>()
  const isIgnored = ignoredIn(call.world, call.directory)
  if (call.world.settings.git && folder === worktreeOf(call.world, call.directory)) {
    const git = `${folder}${sep}.git`
    found.set('.git', {
      name: '.git',
      path: '.git/',
      absolute: git,
      type: 'directory',
      ignored: false,
    })
  }
  for (const file of files.list(folder)) {
    const [name = '', ...rest] = relative(folder, file).split(sep)
    const absolute = `${folder}${sep}${name}`
    const type = rest.length > 0 ? 'directory' : 'file'
    const shown = relative(call.directory, absolute)
    const path = type === 'directory' ? `${shown}/` : shown
    const ignored = isIgnored(absolute)
    found.set(name, { name, path, absolute, type, ignored })
  }
  if (found.size === 0 && (folder !== call.directory || isMissing(call.world, folder)))
    throw unexpected(call.world)
  const entries = [...found.values()].toSorted((one, other) => {
    if (one.type !== other.type) return one.type === 'directory' ? -1 : 1
    return one.name.localeCompare(other.name)
  })
  return ok(entries)
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
}

/** The content, trimmed, as the server's older endpoint gives it. */
function trimmedContent(call: Call): Outcome {
  const path = pathOf(call)
  if (call.world.files.isDirectory(path)) throw unexpected(call.world)
  const bytes = call.world.files.read(path)
  if (bytes === null) return ok({ type: 'text', content: '' })
  const type = types[extname(path).toLowerCase()] ?? ''
  if (bytes.includes(0) || (type.startsWith('image/') && type !== types['.svg'])) {
    return ok({
      type: 'binary',
      content: Buffer.from(bytes).toString('base64'),
      encoding: 'base64',
      mimeType: type === '' ? 'application/octet-stream' : type,
    })
  }
  try {
    return ok({
      type: 'text',
      content: new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim(),
    })
  } catch {
    throw unexpected(call.world)
  }
}

/** The exact bytes. */
function exactContent(call: Call): Outcome {
  const rest = call.params['path'] ?? ''
  const directory = call.query.get('location[directory]') ?? call.directory
  let decoded: string
  try {
    decoded = decodeURIComponent(rest)
  } catch {
    throw unexpected(call.world)
  }
  const located = { ...call, directory }
  if (decoded.startsWith('/')) throw unexpected(call.world)
  const path = inside(located, decoded)
  const bytes = call.world.files.read(path)
  if (bytes === null || call.world.files.isDirectory(path)) throw unexpected(call.world)
  const type = types[extname(path).toLowerCase()] ?? 'application/octet-stream'
  return { status: 200, headers: { 'content-type': type }, bytes }
}

function find(call: Call): Outcome {
  const { directory, query, world } = call
  if (isMissing(world, directory)) throw unexpected(world)
  const type = query.get('type') ?? (query.get('dirs') === 'false' ? 'file' : null)
  const found = findFiles(world, directory, {
    words: query.get('query') ?? '',
    type: type === 'file' || type === 'directory' ? type : null,
    limit: Number(query.get('limit') ?? 10),
  })
  return ok(found)
}

function grep(call: Call): Outcome {
  const { directory, world } = call
  const pattern = call.query.get('pattern') ?? ''
  if (pattern === '' || isMissing(world, directory)) throw unexpected(world)
  try {
    const lines = findLines(world, searchedFiles(world, directory, directory), pattern)
    return ok(
      lines.map(({ path, line, number, offset, matches }) => ({
        path: { text: relative(directory, path) },
        lines: { text: line },
        line_number: number,
        absolute_offset: offset,
        submatches: matches.map(({ text, start, end }) => ({ match: { text }, start, end })),
      })),
    )
  } catch {
    throw unexpected(world)
  }
}

/** Endpoints of files. */
export const fileRoutes: readonly Route[] = toRoutes({
  'GET /file': listDirectory,
  'GET /file/content': trimmedContent,
  'GET /file/status': () => ok([]),
  'GET /find': grep,
  'GET /find/file': find,
  'GET /find/symbol': () => ok([]),
  'GET /api/fs/read/*path': exactContent,
})
