import type { ToolPart } from '../records/part.js'
import type { UiChunk, UiToolOutput } from './chunk.js'
import { fingerprint } from './fingerprint.js'
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
  version: UiVersion,
): EncodedTool {
  const { status, tool } = part
  const call = { toolCallId, dynamic: true, providerExecuted: true } as const
  const toolName = tool === '' ? 'unknown' : tool
  const chunks: UiChunk[] = []
  if (known === null || (status === 'pending' && known.tool !== tool)) {
    chunks.push({ type: 'tool-input-start', toolName, ...call })
  }
  const hasInput = status !== 'pending' && !(status === 'interrupted' && isEmpty(part.input))
  const input = !hasInput ? '' : fingerprint(JSON.stringify([tool, part.input]))
  const isInputNew = input !== '' && input !== known?.input
  if (isInputNew) {
    chunks.push({ type: 'tool-input-available', toolName, input: part.input, ...call })
  }
  const approvalId = version >= 6 && status === 'running' ? openPermission(part) : null
  if (approvalId !== null && approvalId !== known?.approvalId) {
    chunks.push({ type: 'tool-approval-request', approvalId, toolCallId })
  }
  const outcome = outcomeOf(part, toolCallId, version)
  const output = outcome === null ? '' : fingerprint(JSON.stringify(outcome))
  // The arguments, sent again, take the outcome off the reader's hands.
  if (outcome !== null && (isInputNew || output !== known?.output)) chunks.push(outcome)
  return { chunks, position: { status, tool, input, output, approvalId } }
}

/** What the call came to, so far; `null` when there is nothing to tell yet. */
function outcomeOf(part: ToolPart, toolCallId: string, version: UiVersion): UiChunk | null {
  const call = { toolCallId, dynamic: true, providerExecuted: true } as const
  switch (part.status) {
    case 'pending':
      return null
    case 'running': {
      // Shell commands tell what they wrote so far.
      const output = part.metadata?.['output']
      if (typeof output !== 'string' || output === '') return null
      const type = 'tool-output-available'
      return { type, output: outputOf(part, output), preliminary: true, ...call }
    }
    case 'interrupted':
      return { type: 'tool-output-error', errorText: 'The call was interrupted.', ...call }
    case 'completed':
      return { type: 'tool-output-available', output: outputOf(part, part.output ?? ''), ...call }
    case 'error': {
      const isDenied = part.asks.some(
        (ask) => ask.kind === 'permission' && ask.state === 'rejected',
      )
      if (version >= 6 && isDenied) return { type: 'tool-output-denied', toolCallId }
      return { type: 'tool-output-error', errorText: part.error ?? '', ...call }
    }
  }
}

function outputOf({ title, metadata }: ToolPart, output: string): UiToolOutput {
  return { output, title, metadata }
}

function openPermission(part: ToolPart): string | null {
  const open = part.asks.find((ask) => ask.kind === 'permission' && ask.state === 'open')
  return open?.id ?? null
}

/** A call that was interrupted may not have had its arguments yet. */
function isEmpty(input: ToolPart['input']): boolean {
  return Object.keys(input).length === 0
}
