import { nested, nonBlank, number, objectOf, string } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { toJsonObject } from '../records/json-value.js'
import type { JsonObject } from '../records/json-value.js'
import type { Attachment } from '../records/part.js'
import { dataSize } from '../records/data-url.js'
import type { ToolBody } from '../state/state.js'
import { isTerminal, mayBecome, readToolStatus } from '../records/tool-status.js'
import type { ServerToolStatus } from '../records/tool-status.js'

const empty: JsonObject = Object.freeze({})
const noAttachments: readonly Attachment[] = Object.freeze([])

/** The name under which the server files a call that it could not make sense of. */
const invalidTool = 'invalid'

/**
 * Reads a tool part.
 *
 * `known` is the call as it is known; fields that are missing or blank do not erase it. A poll of an ended call
 * states it completely and is taken as it is. `null` when the reported status would be a step back.
 */
export function readToolBody(
  raw: Fields,
  known: ToolBody | null,
  polled: boolean,
): ToolBody | null {
  const state = nested(raw, 'state')
  const status = readToolStatus(state['status']) ?? known?.status ?? 'pending'
  if (known !== null && !mayBecome[known.status][status]) return null
  const base = polled && isTerminal(status) ? null : known
  const time = nested(state, 'time')
  const input = toJsonObject(state['input'])
  return {
    kind: 'tool',
    callId: nonBlank(raw, 'callID') ?? nonBlank(state, 'callID') ?? known?.callId ?? '',
    tool: toolName(raw, input, known, status),
    status,
    input: isEmpty(input) ? (base?.input ?? empty) : input,
    output: status === 'error' ? null : (filled(state, 'output') ?? base?.output ?? null),
    title: nonBlank(state, 'title') ?? base?.title ?? null,
    metadata: mergedMetadata(state, base),
    error: status === 'completed' ? null : (nonBlank(state, 'error') ?? base?.error ?? null),
    attachments: readAttachments(state['attachments']) ?? base?.attachments ?? noAttachments,
    startedAt: number(time, 'start') ?? base?.startedAt ?? null,
    endedAt: number(time, 'end') ?? base?.endedAt ?? null,
  }
}

/** The name that the model used: the server renames broken calls, and keeps the first name in their input. */
function toolName(
  raw: Fields,
  input: JsonObject | null,
  known: ToolBody | null,
  status: ServerToolStatus,
): string {
  const name = nonBlank(raw, 'tool')
  if (name !== null && name !== invalidTool) return name
  if (known !== null && known.tool !== invalidTool && known.tool !== '') return known.tool
  const asked = input === null ? null : nonBlank(input, 'tool')
  if (name === invalidTool && asked !== null && status !== 'pending') return asked
  return name ?? ''
}

function mergedMetadata(state: Fields, base: ToolBody | null): JsonObject | null {
  const metadata = toJsonObject(state['metadata'])
  return isEmpty(metadata) ? (base?.metadata ?? null) : metadata
}

function filled(state: Fields, name: string): string | null {
  const value = string(state, name)
  return value === '' && state['status'] !== 'completed' ? null : value
}

function isEmpty(value: JsonObject | null): value is null {
  return value === null || Object.keys(value).length === 0
}

function readAttachments(value: unknown): readonly Attachment[] | null {
  if (!Array.isArray(value) || value.length === 0) return null
  const attachments = value.map((item) => readAttachment(objectOf(item)))
  return Object.freeze(attachments.filter((attachment) => attachment !== null))
}

/** Reads a file by its URL; `null` when it has none. */
export function readAttachment(fields: Fields): Attachment | null {
  const url = string(fields, 'url')
  if (url === null) return null
  return Object.freeze({
    id: string(fields, 'id'),
    mime: string(fields, 'mime') ?? 'application/octet-stream',
    filename: string(fields, 'filename'),
    url,
    size: dataSize(url),
  })
}
