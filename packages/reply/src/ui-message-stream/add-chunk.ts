import type { UiChunk } from './chunk.js'
import type { UiPart, UiTextPart, UiToolCall, UiToolPart } from './ui-parts.js'

/** Takes up a chunk as the reader of the AI SDK does. */
export function addChunk(parts: UiPart[], chunk: UiChunk): void {
  switch (chunk.type) {
    case 'text-start':
    case 'reasoning-start': {
      const { providerMetadata = { turnstead: { partId: chunk.id } } } = chunk
      const begun = { text: '', state: 'streaming', providerMetadata } as const
      if (chunk.type === 'text-start') parts.push({ type: 'text', ...begun })
      else parts.push({ type: 'reasoning', ...begun })
      return
    }
    case 'text-delta':
    case 'reasoning-delta':
      return changeLast(parts, isText, (part) => ({ ...part, text: part.text + chunk.delta }))
    case 'text-end':
    case 'reasoning-end': {
      const { providerMetadata } = chunk
      return changeLast(parts, isText, (part) => ({
        ...part,
        ...(providerMetadata && { providerMetadata }),
        state: 'done',
      }))
    }
    case 'tool-input-start': {
      const { toolName, toolCallId } = chunk
      parts.push({
        type: 'dynamic-tool',
        toolName,
        toolCallId,
        providerExecuted: true,
        state: 'input-streaming',
        input: undefined,
      })
      return
    }
    case 'tool-input-available': {
      const { input } = chunk
      return changeLast(parts, isTool, (part) => ({
        ...callOf(part),
        state: 'input-available',
        input,
      }))
    }
    case 'tool-output-available': {
      const { output, preliminary } = chunk
      return changeLast(parts, isTool, (part) => ({
        ...callOf(part),
        state: 'output-available',
        input: part.input ?? null,
        output,
        ...(preliminary && { preliminary }),
      }))
    }
    case 'tool-output-error': {
      const { errorText } = chunk
      return changeLast(parts, isTool, (part) => ({
        ...callOf(part),
        state: 'output-error',
        input: part.input,
        errorText,
      }))
    }
    case 'file':
      parts.push({ type: 'file', mediaType: chunk.mediaType, url: chunk.url })
      return
    case 'start-step':
      parts.push({ type: 'step-start' })
      return
    case 'data-todos':
    case 'data-ask':
    case 'data-sub-agent':
    case 'data-retry':
    case 'data-note':
    case 'data-withdrawn':
      parts.push(chunk)
      return
    default:
  }
}

/** To a reader that has nothing, every part is sent whole before the next one begins. */
function changeLast<Part extends UiPart>(
  parts: UiPart[],
  isMeant: (part: UiPart) => part is Part,
  change: (part: Part) => UiPart,
): void {
  const index = parts.findLastIndex(isMeant)
  const part = parts[index]
  if (part !== undefined && isMeant(part)) parts[index] = change(part)
}

function isText(part: UiPart): part is UiTextPart {
  return part.type === 'text' || part.type === 'reasoning'
}

function isTool(part: UiPart): part is UiToolPart {
  return part.type === 'dynamic-tool'
}

function callOf({ type, toolName, toolCallId, providerExecuted }: UiToolPart): UiToolCall {
  return { type, toolName, toolCallId, providerExecuted }
}
