import type { IdentifiedPrompt, PromptBody } from '@turnstead/wire'

/** One part of a prompt as the server takes it (text, file, agent, subtask), without an id: the turn chooses it. */
export type PromptPart = WithoutId<PromptBody['parts'][number]>

type WithoutId<Part> = Part extends unknown ? Omit<Part, 'id'> : never

/** What the user asks. Plain JSON: it is kept in the row, so that any worker can run the turn. */
export interface Prompt {
  /** The user's text; it becomes the first part. */
  readonly text?: string
  /** Further parts, in order. A `file:` part must be in one of the client's `allowFiles`. */
  readonly parts?: readonly PromptPart[]
  /** The agent of this prompt. The server forgets an agent between prompts: name it in each. */
  readonly agent?: string
  /** The model, as `"provider/model"` or in two fields. */
  readonly model?: string | NonNullable<PromptBody['model']>
  readonly system?: string
  readonly variant?: string
  readonly format?: NonNullable<PromptBody['format']>
}

/**
 * Refuses at the door what could only fail after the turn was claimed.
 *
 * @throws TypeError when there is nothing to send, or what there is is no JSON.
 */
export function assertPrompt(prompt: Prompt): void {
  const { text, parts } = prompt
  if (text !== undefined && typeof text !== 'string') {
    throw new TypeError('`prompt.text` must be a string')
  }
  if (parts !== undefined && !Array.isArray(parts)) {
    throw new TypeError('`prompt.parts` must be a list of parts')
  }
  if (!text && !parts?.length) {
    throw new TypeError('`prompt` needs `text` or at least one entry in `parts`')
  }
  if ('tools' in prompt) {
    throw new TypeError(
      '`prompt.tools` is not taken: it would change the rules of the whole session. Use `session.permission`.',
    )
  }
  if (typeof prompt.model === 'string') toModel(prompt.model)
  try {
    JSON.stringify(prompt)
  } catch (cause) {
    throw new TypeError('`prompt` must be plain JSON: the row keeps it', { cause })
  }
}

/** The prompt that a row keeps; null when the row has none, or what it has is none. */
export function parsePrompt(input: unknown): Prompt | null {
  return input === null || input === undefined || promptProblem(input) !== null
    ? null
    : (input as Prompt)
}

/** Why what a row keeps is no prompt; null when it is one. */
export function promptProblem(input: unknown): string | null {
  if (typeof input !== 'object' || input === null) return '`prompt` must be an object'
  try {
    assertPrompt(input as Prompt)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The parts of a prompt in the order in which they are sent. */
export function toParts(prompt: Prompt): readonly PromptPart[] {
  const text: PromptPart[] = prompt.text ? [{ type: 'text', text: prompt.text }] : []
  return [...text, ...(prompt.parts ?? [])]
}

/** The model in the two fields that a prompt has. */
function toModel(model: NonNullable<Prompt['model']>): NonNullable<PromptBody['model']> {
  if (typeof model !== 'string') return model
  const [providerID, modelID] = splitModel(model)
  return { providerID, modelID }
}

/** The two halves of `"provider/model"`; the model's own name may have slashes. */
export function splitModel(model: string): readonly [provider: string, model: string] {
  const slash = model.indexOf('/')
  if (slash <= 0 || slash === model.length - 1) {
    throw new TypeError('`model` must read "provider/model"')
  }
  return [model.slice(0, slash), model.slice(slash + 1)]
}

/** The prompt as it is sent, with the ids that were chosen for it. */
export function toBody(
  input: Prompt,
  chosen: { readonly id: string; readonly partIds: readonly string[] },
): IdentifiedPrompt {
  const { text: _text, parts: _parts, model, ...options } = input
  const parts = toParts(input).map((part, index) => ({ ...part, id: chosen.partIds[index] ?? '' }))
  return {
    ...options,
    ...(model === undefined ? {} : { model: toModel(model) }),
    messageID: chosen.id,
    parts: parts as IdentifiedPrompt['parts'],
  }
}
