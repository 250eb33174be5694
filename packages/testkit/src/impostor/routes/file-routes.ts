import { extname, relative, sep } from 'node:path'
import { toAbsolute } from '../state/files.js'
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
  for (const file of files.list(folder)) {
    const [name = '', ...rest] = relative(folder, file).split(sep)
    const absolute = `${folder}${sep}${name}`
    const type = rest.length > 0 ? 'directory' : 'file'
    const shown = relative(call.directory, absolute)
    const path = type === 'directory' ? `${shown}/` : shown
    found.set(name, { name, path, absolute, type, ignored: false })
  }
  if (found.size === 0 && folder !== call.directory) throw unexpected(call.world)
  const entries = [...found.values()].toSorted((one, other) => {
    if (one.type !== other.type) return one.type === 'directory' ? -1 : 1
    return one.name < other.name ? -1 : 1
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
  if (bytes.includes(0) || type.startsWith('image/')) {
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
  const query = (call.query.get('query') ?? '').toLowerCase()
  const limit = Number(call.query.get('limit') ?? 100)
  const paths = call.world.files
    .list(call.directory)
    .map((path) => relative(call.directory, path))
    .filter((path) => path.toLowerCase().includes(query))
  return ok(paths.slice(0, limit > 0 ? limit : 100))
}

function grep(call: Call): Outcome {
  let pattern: RegExp
  try {
    pattern = new RegExp(call.query.get('pattern') ?? '', 'u')
  } catch {
    throw unexpected(call.world)
  }
  if (pattern.source === '(?:)') throw unexpected(call.world)
  const hits = call.world.files.list(call.directory).flatMap((file) => {
    const lines =
      new TextDecoder()
        .decode(call.world.files.read(file) ?? new Uint8Array())
        .match(/[^\n]*\n|[^\n]+$/gu) ?? []
    let offset = 0
    return lines.flatMap((line, index) => {
      const found = pattern.exec(line)
      const at = offset
      offset += Buffer.byteLength(line)
      if (!found) return []
      return [
        {
          path: { text: relative(call.directory, file) },
          lines: { text: line },
          line_number: index + 1,
          absolute_offset: at,
          submatches: [
            { match: { text: found[0] }, start: found.index, end: found.index + found[0].length },
          ],
        },
      ]
    })
  })
  return ok(hits)
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
  'GET /vcs': (call) =>
    ok(
      call.world.settings.git
        ? { branch: 'main', default_branch: 'main' }
        : { branch: null, default_branch: null },
    ),
})
