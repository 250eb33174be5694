import type { LanguageModel } from 'ai'

/** A call of the tool by the outer model. */
export interface OuterCall {
  readonly id: string
  readonly input: Readonly<Record<string, unknown>>
}

/** What the outer model does in one step: calls of the tool `code`, or its last words. */
export type OuterStep = readonly OuterCall[] | string

/** A scripted outer model, with what it was given. */
export interface OuterModel {
  readonly model: LanguageModel
  /** The prompt of each step, as JSON. */
  readonly prompts: string[]
}

/** Of the interface between the AI SDK and a model. */
type Versions = 'v2' | 'v3' | 'v4'

/** A model that says this, by an interface of this version. */
export function scripted(
  version: Versions,
  steps: readonly OuterStep[],
  create: (options: object) => unknown,
): OuterModel {
  const prompts: string[] = []
  let step = 0
  const take = (prompt: unknown): OuterStep => {
    prompts.push(JSON.stringify(prompt))
    const taken = steps[step] ?? 'There is no more.'
    step += 1
    return taken
  }
  const model = create({
    doGenerate: async ({ prompt }: { prompt: unknown }) => {
      const taken = take(prompt)
      return {
        content: typeof taken === 'string' ? [{ type: 'text', text: taken }] : taken.map(toCall),
        ...endOf(version, taken),
        warnings: [],
      }
    },
    doStream: async ({ prompt }: { prompt: unknown }) => {
      const taken = take(prompt)
      const parts = [
        { type: 'stream-start', warnings: [] },
        ...(typeof taken === 'string' ? textParts(taken) : taken.map(toCall)),
        { type: 'finish', ...endOf(version, taken) },
      ]
      return { stream: ReadableStream.from(parts) }
    },
  })
  return { model: model as LanguageModel, prompts }
}

function toCall({ id, input }: OuterCall): object {
  return { type: 'tool-call', toolCallId: id, toolName: 'code', input: JSON.stringify(input) }
}

function textParts(text: string): object[] {
  return [
    { type: 'text-start', id: 't' },
    { type: 'text-delta', id: 't', delta: text },
    { type: 'text-end', id: 't' },
  ]
}

function endOf(version: Versions, taken: OuterStep): object {
  const reason = typeof taken === 'string' ? 'stop' : 'tool-calls'
  if (version === 'v2') {
    return {
      finishReason: reason,
      usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
    }
  }
  return {
    finishReason: { unified: reason, raw: reason },
    usage: {
      inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 1, text: 1, reasoning: 0 },
    },
  }
}
