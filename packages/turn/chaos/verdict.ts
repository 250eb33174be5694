import type { TurnResult } from '../src/index.js'
import { promptText, type Stage, wholeText } from './stage.js'

/** What an experiment may end with. */
export type Allowed = ReadonlySet<'completed' | 'failed' | 'cancelled'>

/** What is wrong after an experiment; each kind is a figure. */
export interface Verdict {
  /** A job was reported done while the row is open. */
  readonly skippedButOpen: boolean
  /** Sessions on the server that no row refers to. */
  readonly orphans: number
  /** Everything else that must not be, in words. */
  readonly wrong: readonly string[]
}

/** Compares the row with the server after the job has run to its end. */
export async function verdictOf(
  stage: Stage,
  last: TurnResult,
  allowed: Allowed,
): Promise<Verdict> {
  const turn = await stage.store.read(stage.turnId)
  const wrong: string[] = []
  const status = turn?.status ?? 'missing'
  const isOpen = status === 'pending' || status === 'running'
  const sessions = await stage.client.session.list({ roots: true })
  const lists = await Promise.all(sessions.map(({ id }) => stage.client.session.messages(id)))
  const prompts = lists.flat().filter(({ info, parts }) => {
    const first = parts[0]
    return info.role === 'user' && first?.type === 'text' && first.text === promptText
  })
  if (prompts.length > 1) wrong.push(`${prompts.length} user messages`)
  if (!isOpen && !(allowed as ReadonlySet<string>).has(status)) {
    wrong.push(`${status} (${turn?.error?.code ?? turn?.reason ?? 'no reason'})`)
  }
  if (status === 'completed' && turn?.text !== wholeText)
    wrong.push(`the text ${String(turn?.text)}`)
  const busy = Object.keys(await stage.client.session.status())
  if (!isOpen && busy.length > 0) wrong.push('the agent works on')
  const asks = await stage.client.permission.list()
  if (!isOpen && asks.length > 0) wrong.push('an ask is open')
  return {
    skippedButOpen: isOpen && last.status === 'skipped' && !last.mustRunAgain,
    orphans: Math.max(0, sessions.length - 1),
    wrong: isOpen ? [...wrong, `the row is ${status}`] : wrong,
  }
}
