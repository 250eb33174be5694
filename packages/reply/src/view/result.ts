import type { ReplyView } from '../records/reply-view.js'
import { answerText, joinTexts } from '../records/answer.js'
import type { JsonValue } from '../records/json-value.js'
import type { Attachment, ReasoningPart, ReplyPart, ToolPart } from '../records/part.js'
import type { ReplyError } from '../records/reply-error.js'
import { isAnswer } from '../state/state.js'
import type { ReplyState } from '../state/state.js'
import type { Todo } from '../records/todo.js'
import type { Tokens } from '../records/tokens.js'
import { buildView } from './view.js'

/** A file of the reply: one that the model gave, or one that a tool handed to it. */
export interface ReplyFile extends Attachment {
  /** The part that holds it. */
  readonly partId: string
  readonly messageId: string
  readonly sessionId: string
}

/** What a turn came to: plain, frozen JSON. */
export interface ReplyResult {
  /** The answer: all texts of the reply's own session, parted by a blank line. */
  readonly text: string
  /** The model's reasoning, parted by a blank line; `null` when there was none. */
  readonly reasoning: string | null
  /** Every tool call; those of a sub-agent follow the call that started it. */
  readonly tools: readonly ToolPart[]
  readonly files: readonly ReplyFile[]
  readonly todos: readonly Todo[]
  /** Cost of the whole turn with its sub-agents, in the provider's currency. */
  readonly cost: number
  /** Tokens of the whole turn with its sub-agents. */
  readonly tokens: Tokens
  /** The error on the newest assistant message, else `null`. */
  readonly error: ReplyError | null
  /** Why the newest assistant message stopped; `null` while open, failed or aborted. */
  readonly finish: string | null
  /** The structured answer, when one was asked for; the server does not validate it. */
  readonly structured: JsonValue
}

/** Sums up a reply. */
export function summarise(state: ReplyState): ReplyResult {
  const view = buildView(state)
  const answers = state.root.order.filter(isAnswer)
  const newest = answers.findLast((each) => !each.summary)
  return Object.freeze({
    text: answerText(view.parts),
    reasoning: joinTexts(view.parts.filter(isReasoning)) || null,
    tools: Object.freeze(toolsOf(view, view.parts)),
    files: Object.freeze(filesOf(view)),
    todos: view.todos,
    cost: view.cost,
    tokens: view.tokens,
    error: newest?.error ?? null,
    finish: newest?.finish ?? null,
    structured: newest?.structured ?? null,
  })
}

function isReasoning(part: ReplyPart): part is ReasoningPart {
  return part.kind === 'reasoning' && !part.summary && !part.superseded
}

function toolsOf(view: ReplyView, parts: readonly ReplyPart[]): ToolPart[] {
  return parts.flatMap((part) => {
    if (part.kind !== 'tool') return []
    const child = view.children.find((each) => each.toolPartId === part.id)
    return child === undefined ? [part] : [part, ...toolsOf(view, child.parts)]
  })
}

function filesOf(view: ReplyView): ReplyFile[] {
  const parts = [...view.parts, ...view.children.flatMap((child) => child.parts)]
  return parts.flatMap((part) => {
    const owner = { partId: part.id, messageId: part.messageId, sessionId: part.sessionId }
    if (part.kind === 'tool')
      return part.attachments.map((file) => Object.freeze({ ...file, ...owner }))
    if (part.kind !== 'file') return []
    const { id, mime, filename, url, size } = part
    return [Object.freeze({ id, mime, filename, url, size, ...owner })]
  })
}
