import { fileURLToPath } from 'node:url'
import { agentRules } from '../state/agents.js'
import { actionFor } from '../state/permission-rules.js'
import { tellError, type World } from '../state/world.js'
import type { Json, MessageInfo, Part, SessionRecord } from '../state/records.js'
import { isPicture } from './images.js'
import { readPath } from '../tools/read-path.js'
import { flawOfInput } from '../tools/tool-inputs.js'
import { ToolFailure } from '../tools/tool-context.js'

const folderType = 'application/x-directory'

/** Whether a prompt has parts that the server makes more of: it answers before it stores such a prompt. */
export function isExpanded(parts: readonly Json[]): boolean {
  return parts.some(({ mime, type, url }) => {
    const address = String(url)
    const isRead = address.startsWith('file:')
    return type === 'agent' || (type === 'file' && (isRead || mime === 'text/plain'))
  })
}

/** Why the server stores nothing of a prompt. */
export interface FileFlaw {
  readonly message: string
  /** Whether a synchronous call answers 400 instead of 500. */
  readonly isBadRequest: boolean
}

const flaw = (message: string, isBadRequest = false): FileFlaw => ({ message, isBadRequest })

/** Why the server breaks off before it stores anything of a prompt; null when it does not. */
export function flawOfFiles(world: World, parts: readonly Json[]): FileFlaw | null {
  const files = parts.filter((part) => part['type'] === 'file')
  if (files.some((part) => !URL.canParse(String(part['url']))))
    return flaw('A file part has an address that is none')
  const read = files.filter((part) => !isFolder(world, part))
  const addresses = read.map((part) => [part, toDataUrl(world, part)] as const)
  const missing = addresses.find(([, url]) => url === null)
  if (missing) {
    const path = fileURLToPath(String(missing[0]['url']))
    return flaw(`PlatformError: NotFound: FileSystem.readFile (${path})`)
  }
  const pictures = addresses.filter(([part]) => String(part['mime']).startsWith('image/'))
  for (const [, url] of pictures) {
    const data = /^data:.*?;base64,(?<data>[^]*)$/u.exec(url ?? '')?.groups?.['data']
    if (data === undefined)
      return flaw('ImageInvalidDataUrlError: Image URL must be a base64 data URL', true)
    if (!isPicture(Buffer.from(data, 'base64')))
      return flaw('ImageDecodeError: Image could not be decoded', true)
  }
  return null
}

function isFolder(world: World, part: Json): boolean {
  const url = String(part['url'])
  const path = url.startsWith('file:') ? fileURLToPath(url) : null
  return path !== null && world.files.read(path) === null && world.files.isDirectory(path)
}

/** The address of a file part once its bytes were read; null when there is no such file. */
function toDataUrl(world: World, part: Json): string | null {
  const url = String(part['url'])
  if (!url.startsWith('file:') || part['mime'] === 'text/plain' || part['mime'] === folderType)
    return url
  const bytes = world.files.read(fileURLToPath(url))
  const base64 = bytes === null ? '' : Buffer.from(bytes).toString('base64')
  return bytes === null ? null : `data:${String(part['mime'])};base64,${base64}`
}

/** What is stored of one part of a prompt: files are read, agents are announced to the model. */
export function expandPart(
  world: World,
  session: SessionRecord,
  info: MessageInfo,
  part: Json,
): readonly Part[] {
  const place = { messageID: info.id, sessionID: info.sessionID }
  const fresh = (): string => world.identity.id('prt')
  const own = typeof part['id'] === 'string' ? part['id'] : null
  const synthetic = (text: string): Part => ({
    type: 'text',
    text,
    synthetic: true,
    ...place,
    id: fresh(),
  })
  const stored = (more: Json = {}): Part => ({
    ...part,
    ...more,
    type: String(part['type']),
    ...place,
    id: own ?? fresh(),
  })
  if (part['type'] === 'file') {
    const url = String(part['url'])
    if (url.startsWith('data:') && part['mime'] === 'text/plain') {
      const args = { filePath: part['filename'] }
      return [synthetic(called(args)), synthetic(decodeDataUrl(url)), stored()]
    }
    if (url.startsWith('file:')) return readFilePart(world, session, part, { synthetic, stored })
  }
  if (part['type'] === 'agent') {
    const name = String(part['name'])
    const isDenied = actionFor(agentRules(world, info.agent), 'task', name) === 'deny'
    const promise = isDenied ? ' . Invoked by user; guaranteed to exist.' : ''
    const text = ` Use the above message and context to generate a prompt and call the task tool with subagent: ${name}${promise}`
    return [stored(), synthetic(text)]
  }
  return [stored()]
}

function readFilePart(
  world: World,
  session: SessionRecord,
  part: Json,
  make: {
    readonly synthetic: (text: string) => Part
    readonly stored: (more?: Json) => Part
  },
): readonly Part[] {
  const address = new URL(String(part['url']))
  const start = address.searchParams.get('start')
  const end = address.searchParams.get('end')
  const path = fileURLToPath(address)
  const isInFolder = isFolder(world, part)
  const type = isInFolder ? folderType : part['mime']
  if (type !== 'text/plain' && type !== folderType) {
    const announced = make.synthetic(called({ filePath: path }))
    return [announced, make.stored({ url: toDataUrl(world, part) })]
  }
  const offset = Math.max(Number(start), 1)
  const lines = {
    ...(start === null || isInFolder ? {} : { offset }),
    ...(start === null || end === null || isInFolder ? {} : { limit: Number(end) - offset + 1 }),
  }
  const announced = make.synthetic(called({ filePath: path, ...lines }))
  try {
    const flaw = flawOfInput('read', { filePath: path, ...lines })
    if (flaw !== null) throw new ToolFailure(flaw)
    const { output } = readPath(world, path, lines)
    return [announced, make.synthetic(output), make.stored({ mime: type })]
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error
    const { message } = error
    tellError(world, session, { name: 'UnknownError', data: { message } })
    const failed = `Read tool failed to read ${path} with the following error: ${message}`
    return [...(type === folderType ? [] : [announced]), make.synthetic(failed)]
  }
}

function called(input: Json): string {
  return `Called the Read tool with the following input: ${JSON.stringify(input)}`
}

function decodeDataUrl(url: string): string {
  const comma = url.indexOf(',')
  const data = url.slice(comma + 1)
  return url.slice(0, comma).endsWith(';base64')
    ? Buffer.from(data, 'base64').toString('utf8')
    : decodeURIComponent(data)
}
