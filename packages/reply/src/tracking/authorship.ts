import { flag, nested, string } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import type { MessageState } from '../state/state.js'

/** What one part of a user message says about who wrote it. */
interface Authorship {
  readonly author: NonNullable<MessageState['author']>
  /** The sub-agent whose result the message brings. */
  readonly resultOf: string | null
}

const person: Authorship = { author: 'person', resultOf: null }
const server: Authorship = { author: 'server', resultOf: null }
const command: Authorship = { author: 'command', resultOf: null }

const afterSubtask = 'Summarize the task tool output above and continue with your task.'
const byShell = 'The following tool was executed by the user'
const planApproved =
  /^The plan at .* has been approved, you can now edit files\. Execute the plan$/s
const backgroundResult = /^<task id="(ses_\w+)" state="(?:completed|error)">/

/**
 * Notes who wrote a user message, by one of its parts; one part of a person decides.
 *
 * `synthetic` alone proves nothing: clients set it, and `POST /shell` does. What the server writes to go on with a run
 * is known by its own marks and texts.
 */
export function noteAuthorship(message: MessageState, part: Fields): void {
  const { author, resultOf } = readAuthorship(part)
  message.resultOf = resultOf ?? message.resultOf
  if (author === 'person') message.author = author
  else message.author ??= author
}

function readAuthorship(part: Fields): Authorship {
  if (part['type'] === 'compaction') return flag(part, 'auto') ? server : command
  if (part['type'] !== 'text' || !flag(part, 'synthetic')) return person
  if (flag(nested(part, 'metadata'), 'compaction_continue')) return server
  const text = string(part, 'text') ?? ''
  if (text === byShell) return command
  if (text === afterSubtask || planApproved.test(text)) return server
  const resultOf = backgroundResult.exec(text)?.[1] ?? null
  return resultOf === null ? person : { author: 'server', resultOf }
}
