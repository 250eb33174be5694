import { basename, dirname, relative, sep } from 'node:path'
import type { Json } from '../state/records.js'
import type { World } from '../state/world.js'
import { ToolFailure } from './tool-context.js'

/** What reading a file or a folder gives. */
export interface ReadResult {
  readonly output: string
  readonly metadata: Json
  /** An image, as a `data:` URL. */
  readonly attachment: { readonly mime: string; readonly url: string } | null
}

const mostLines = 2_000
const mostCharacters = 2_000
const mostBytes = 50 * 1024

/** What a file of such a name is taken for, where its first bytes do not say. */
const types: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  pdf: 'application/pdf',
}

/** Files that a model is not shown, whatever they hold. */
const binary =
  /\.(?:zip|tar|gz|exe|dll|so|class|jar|war|7z|docx?|xlsx?|pptx?|od[tsp]|bin|dat|obj|o|a|lib|wasm|py[co])$/iu

/** A picture or a PDF, by its first bytes or else its name; null for anything else. */
function typeOf(path: string, bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  if (head.startsWith('\u0089PNG\r\n\u001A\n')) return 'image/png'
  if (head.startsWith('\u00FF\u00D8\u00FF')) return 'image/jpeg'
  if (head.startsWith('GIF8')) return 'image/gif'
  if (head.startsWith('RIFF') && head.endsWith('WEBP')) return 'image/webp'
  if (head.startsWith('%PDF-')) return 'application/pdf'
  return types[/\.(?<end>\w+)$/u.exec(path)?.groups?.['end']?.toLowerCase() ?? ''] ?? null
}

function isBinary(path: string, bytes: Uint8Array): boolean {
  if (binary.test(path)) return true
  const head = bytes.subarray(0, 4096)
  const strange = head.filter((byte) => byte < 9 || (byte > 13 && byte < 32))
  return head.includes(0) || strange.length > head.length * 0.3
}

/** Reads a file by numbered lines or a folder by names, from entry `offset` (1 the first) on. */
export function readPath(
  world: World,
  path: string,
  { offset = 1, limit = mostLines }: { readonly offset?: number; readonly limit?: number } = {},
): ReadResult {
  const bytes = world.files.read(path)
  if (bytes !== null) return readFile(path, bytes, offset, limit)
  if (world.files.isDirectory(path)) return readFolder(world, path, offset, limit)
  throw new ToolFailure(notFound(world, path))
}

function readFile(path: string, bytes: Uint8Array, offset: number, limit: number): ReadResult {
  const type = typeOf(path, bytes)
  if (type !== null) {
    const url = `data:${type};base64,${Buffer.from(bytes).toString('base64')}`
    const output = `${type === 'application/pdf' ? 'PDF' : 'Image'} read successfully`
    return {
      output,
      metadata: { preview: output, truncated: false, loaded: [] },
      attachment: { mime: type, url },
    }
  }
  if (isBinary(path, bytes)) throw new ToolFailure(`Cannot read binary file: ${path}`)
  const content = new TextDecoder().decode(bytes).replace(/\r?\n$/u, '')
  const lines = content === '' ? [] : content.split(/\r?\n/u)
  if (offset > Math.max(1, lines.length))
    throw new ToolFailure(`Offset ${offset} is out of range for this file (${lines.length} lines)`)
  const { shown, isCapped } = cut(lines.slice(offset - 1, offset - 1 + limit))
  const lineEnd = offset - 1 + shown.length
  const isCut = lineEnd < lines.length
  const totalLines = isCapped ? lineEnd + 1 : lines.length
  const next = `Use offset=${lineEnd + 1} to continue.`
  const end = isCapped
    ? `(Output capped at 50 KB. Showing lines ${offset}-${lineEnd}. ${next})`
    : isCut
      ? `(Showing lines ${offset}-${lineEnd} of ${lines.length}. ${next})`
      : `(End of file - total ${lines.length} lines)`
  const numbered = shown.map((line, index) => `${offset + index}: ${line}`).join('\n')
  const text = shown.join('\n')
  return {
    output: `<path>${path}</path>\n<type>file</type>\n<content>\n${numbered}\n\n${end}\n</content>`,
    metadata: {
      preview: shown.slice(0, 20).join('\n'),
      truncated: isCut,
      loaded: [],
      display: {
        type: 'file',
        path,
        text,
        lineStart: offset,
        lineEnd,
        totalLines,
        truncated: isCut,
      },
    },
    attachment: null,
  }
}

/** Long lines lose their end, and a long text its last lines. */
function cut(lines: readonly string[]): { shown: readonly string[]; isCapped: boolean } {
  const shown: string[] = []
  let size = 0
  for (const line of lines) {
    const short =
      line.length > mostCharacters
        ? `${line.slice(0, mostCharacters)}... (line truncated to ${mostCharacters} chars)`
        : line
    size += Buffer.byteLength(short) + (shown.length > 0 ? 1 : 0)
    if (size > mostBytes) return { shown, isCapped: true }
    shown.push(short)
  }
  return { shown, isCapped: false }
}

function readFolder(world: World, path: string, offset: number, limit: number): ReadResult {
  const names = entriesOf(world, path)
  const entries = names.slice(offset - 1, offset - 1 + limit)
  const isCut = offset - 1 + entries.length < names.length
  const end = isCut
    ? `(Showing ${entries.length} of ${names.length} entries. Use 'offset' parameter to read beyond entry ${offset + entries.length})`
    : `(${names.length} entries)`
  const listed = entries.join('\n')
  return {
    output: `<path>${path}</path>\n<type>directory</type>\n<entries>\n${listed}\n\n${end}\n</entries>`,
    metadata: {
      preview: entries.slice(0, 20).join('\n'),
      truncated: isCut,
      loaded: [],
      display: {
        type: 'directory',
        path,
        entries,
        offset,
        totalEntries: names.length,
        truncated: isCut,
      },
    },
    attachment: null,
  }
}

/** The names in a folder, those of folders with a slash behind them. */
function entriesOf(world: World, path: string): readonly string[] {
  const names = world.files.list(path).map((file) => {
    const [name = '', ...rest] = relative(path, file).split(sep)
    return rest.length > 0 ? `${name}/` : name
  })
  return [...new Set(names)].toSorted((one, other) => one.localeCompare(other))
}

function notFound(world: World, path: string): string {
  const name = basename(path).toLowerCase()
  const folder = dirname(path)
  const near = entriesOf(world, folder)
    .map((each) => each.replace(/\/$/u, ''))
    .filter((each) => {
      const other = each.toLowerCase()
      return other.includes(name) || name.includes(other)
    })
    .slice(0, 3)
    .map((each) => `${folder}${sep}${each}`)
  const guess = near.length === 0 ? '' : `\n\nDid you mean one of these?\n${near.join('\n')}`
  return `File not found: ${path}${guess}`
}
