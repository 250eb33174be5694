import { sameJson } from '../json-value.js'
import type { ToolPart } from '../part.js'
import { isTerminal } from '../tool-status.js'
import type { UiChunk, UiToolOutput } from './chunk.js'
import type { ToolPosition } from './position.js'

/** What to send of a tool call, and how far the reader is then. */
export interface EncodedTool {
  readonly chunks: readonly UiChunk[]
  readonly position: ToolPosition
}

/** The version of the AI SDK whose chunks may be sent. */
export type UiVersion = 5 | 6 | 7

/** Brings the reader from what it has of a tool call, under the id that it knows, to what there is. */
export function encodeTool(
  part: ToolPart,
  toolCallId: string,
  known: ToolPosition | null,
  shown: ToolPart | null,
  version: UiVersion,
): EncodedTool {
  const call = { toolCallId, dynamic: true, providerExecuted: true } as const
  const toolName = part.tool === '' ? 'unknown' : part.tool
  const chunks: UiChunk[] = []
  if (known === null || (part.status === 'pending' && known.tool !== part.tool)) {
    chunks.push({ type: 'tool-input-start', toolName, ...call })
  }
  if (part.status !== 'pending' && isInputDue(part, known, shown)) {
    chunks.push({ type: 'tool-input-available', toolName, input: part.input, ...call })
  }
  const approvalId = version >= 6 && part.status === 'running' ? openPermission(part) : null
  if (approvalId !== null && approvalId !== known?.approvalId) {
    chunks.push({ type: 'tool-approval-request', approvalId, toolCallId })
  }
  const preview = previewOf(part)
  if (preview !== '' && preview.length !== known?.preview) {
    chunks.push({
      type: 'tool-output-available',
      output: outputOf(part, preview),
      preliminary: true,
      ...call,
    })
  }
  if (isTerminal(part.status) && (known?.status !== part.status || isOutputChanged(part, shown))) {
    chunks.push(endOf(part, toolCallId, version))
  }
  const position = { status: part.status, tool: part.tool, preview: preview.length, approvalId }
  return { chunks, position }
}

/** The arguments are sent when they are known, and again when they or the name changed. */
function isInputDue(part: ToolPart, known: ToolPosition | null, shown: ToolPart | null): boolean {
  if (known === null || known.status === 'pending' || known.tool !== part.tool) return true
  return shown !== null && !sameJson(shown.input, part.input)
}

function isOutputChanged(part: ToolPart, shown: ToolPart | null): boolean {
  return (
    shown !== null &&
    (shown.output !== part.output ||
      shown.error !== part.error ||
      !sameJson(shown.input, part.input) ||
      shown.tool !== part.tool ||
      !sameJson(shown.metadata, part.metadata))
  )
}

function endOf(part: ToolPart, toolCallId: string, version: UiVersion): UiChunk {
  const call = { toolCallId, dynamic: true, providerExecuted: true } as const
  if (part.status === 'completed') {
    return { type: 'tool-output-available', output: outputOf(part, part.output ?? ''), ...call }
  }
  const isDenied = part.asks.some((ask) => ask.kind === 'permission' && ask.state === 'rejected')
  if (version >= 6 && isDenied) return { type: 'tool-output-denied', toolCallId }
  return { type: 'tool-output-error', errorText: part.error ?? '', ...call }
}

function outputOf({ title, metadata }: ToolPart, output: string): UiToolOutput {
  return { output, title, metadata }
}

/** Shell commands tell what they wrote so far. */
function previewOf(part: ToolPart): string {
  if (part.status !== 'running') return ''
  const output = part.metadata?.['output']
  return typeof output === 'string' ? output : ''
}

function openPermission(part: ToolPart): string | null {
  const open = part.asks.find((ask) => ask.kind === 'permission' && ask.state === 'open')
  return open?.id ?? null
}
