import { randomUUID } from 'node:crypto'
import type { LanguageModel } from 'ai'

/** A model of the chat, by the interface of version 6 of the AI SDK. */
export type OuterModel = Extract<LanguageModel, { readonly specificationVersion: 'v3' }>

type CallOptions = Parameters<OuterModel['doStream']>[0]
type Generated = Awaited<ReturnType<OuterModel['doGenerate']>>
type Content = Generated['content'][number]
type StreamPart =
  Awaited<ReturnType<OuterModel['doStream']>>['stream'] extends ReadableStream<infer Part>
    ? Part
    : never

/**
 * The chat's own model, from a script so that no key is needed: it gives what the user wants to the tool `code`, and then says in a sentence
 * what came of it. Put a model of yours in its place.
 */
export function createOuterModel(): OuterModel {
  return {
    specificationVersion: 'v3',
    provider: 'scripted',
    modelId: 'outer',
    supportedUrls: {},
    doGenerate: async ({ prompt }) => {
      const content = nextStep(prompt)
      return { content, ...endOf(content), warnings: [] }
    },
    doStream: async ({ prompt }) => {
      const content = nextStep(prompt)
      const parts: StreamPart[] = [
        { type: 'stream-start', warnings: [] },
        ...content.flatMap(toParts),
        { type: 'finish', ...endOf(content) },
      ]
      return { stream: ReadableStream.from(parts) }
    },
  }
}

function nextStep(prompt: CallOptions['prompt']): Content[] {
  const last = prompt.at(-1)
  if (last?.role === 'tool') return [{ type: 'text', text: report(resultOf(last)) }]
  const asked = last?.role === 'user' ? textOf(last.content) : ''
  const sessionId = prompt.map(sessionIn).findLast((id) => id !== null)
  const outputFile = /\bfile\b/i.test(asked) ? { outputFile: 'packing-list.md' } : {}
  const input = { prompt: asked, ...(sessionId && { sessionId }), ...outputFile }
  return [
    { type: 'text', text: 'I give this to the agent.' },
    {
      type: 'tool-call',
      toolCallId: randomUUID(),
      toolName: 'code',
      input: JSON.stringify(input),
    },
  ]
}

function report(result: string): string {
  const status = /^Status: (\w+)/.exec(result)?.[1]
  if (status === 'complete') return 'The agent is done. Its work is above.'
  if (status === 'cancelled') return 'The agent was stopped.'
  return 'The agent could not do it; above is why.'
}

/** The session that a result of the tool names. */
function sessionIn(message: CallOptions['prompt'][number]): string | null {
  if (message.role !== 'tool') return null
  return /^Session to continue: (\S+)/m.exec(resultOf(message))?.[1] ?? null
}

function resultOf({ content }: Extract<CallOptions['prompt'][number], { role: 'tool' }>): string {
  return content
    .flatMap((part) =>
      part.type === 'tool-result' && part.output.type === 'text' ? [part.output.value] : [],
    )
    .join('\n')
}

function textOf(
  content: Extract<CallOptions['prompt'][number], { role: 'user' }>['content'],
): string {
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
}

function toParts(part: Content): StreamPart[] {
  if (part.type === 'tool-call') return [part]
  if (part.type !== 'text') return []
  return [
    { type: 'text-start', id: 'text' },
    { type: 'text-delta', id: 'text', delta: part.text },
    { type: 'text-end', id: 'text' },
  ]
}

function endOf(content: readonly Content[]): Pick<Generated, 'finishReason' | 'usage'> {
  const unified = content.some(({ type }) => type === 'tool-call') ? 'tool-calls' : 'stop'
  return {
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 1, text: 1, reasoning: 0 },
    },
  }
}
