import { fileURLToPath } from 'node:url'
import { tellError, type World } from '../state/world.js'
import type { Json, MessageInfo, Part, SessionRecord } from '../state/records.js'
import { readPath } from '../tools/read-path.js'
import { ToolFailure } from '../tools/tool-context.js'

const folderType = 'application/x-directory'

/** Whether a prompt has a file part whose address is none: the server breaks off before it stores anything. */
export function hasBrokenAddress(parts: readonly Json[]): boolean {
  return parts.some((part) => part['type'] === 'file' && !URL.canParse(String(part['url'])))
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
    const text = ` Use the above message and context to generate a prompt and call the task tool with subagent: ${String(part['name'])}`
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
  const isFolder = world.files.read(path) === null && world.files.isDirectory(path)
  const type = isFolder ? folderType : part['mime']
  if (type !== 'text/plain' && type !== folderType) return [make.stored()]
  const offset = Math.max(Number(start), 1)
  const lines = {
    ...(start === null || isFolder ? {} : { offset }),
    ...(start === null || end === null || isFolder ? {} : { limit: Number(end) - offset + 1 }),
  }
  const announced = make.synthetic(called({ filePath: path, ...lines }))
  try {
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
