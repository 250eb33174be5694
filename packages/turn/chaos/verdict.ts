import { WireError } from '@turnstead/wire'
import type { TurnRecord } from '@turnstead/session'
import type { TurnResult } from '../src/index.js'
import type { Allowed } from './scenes.js'
import type { Stage } from './stage.js'

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
  const seen = await lookAt(stage)
  const { turn, isOpen } = seen
  const wrong = [...wrongInRow(stage, turn, allowed), ...askedTwice(stage, seen)]
  if (!isOpen) wrong.push(...stillAtWork(seen))
  return {
    skippedButOpen: isOpen && last.status === 'skipped' && !last.mustRunAgain,
    orphans: Math.max(0, seen.sessions - 1),
    wrong: isOpen ? [...wrong, `the row is ${turn?.status ?? 'missing'}`] : wrong,
  }
}

/** The row and the server, side by side. */
export interface Seen {
  readonly turn: TurnRecord | null
  readonly isOpen: boolean
  readonly sessions: number
  readonly prompts: number
  readonly busy: readonly string[]
  readonly openAsks: number
}

/** A server that was started again has cut connections that are kept here. */
export async function lookAt(stage: Stage): Promise<Seen> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await lookOnce(stage)
    } catch (error) {
      if (tries === 5) throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

async function lookOnce(stage: Stage): Promise<Seen> {
  const { client, store, turnId } = stage
  const turn = await store.read(turnId)
  const sessions = await client.session.list({ roots: true })
  const lists = await Promise.all(sessions.map(({ id }) => promptsOf(stage, id)))
  const [permissions, questions] = [await client.permission.list(), await client.question.list()]
  return {
    turn,
    isOpen: turn === null || turn.status === 'pending' || turn.status === 'running',
    sessions: sessions.length,
    prompts: lists.flat().length,
    busy: Object.keys(await client.session.status()),
    openAsks: permissions.length + questions.length,
  }
}

/** Also of a session of which the server refuses the list, since a prompt in it has a format: then there is nothing to count. */
async function promptsOf({ client, prompt }: Stage, id: string): Promise<readonly unknown[]> {
  const messages = await client.session.messages(id).catch((error: unknown) => {
    if (WireError.is(error) && error.code === 'unreadable_entry') return []
    throw error
  })
  return messages.filter(({ info, parts }) => {
    const first = parts[0]
    return info.role === 'user' && first?.type === 'text' && first.text === prompt.text
  })
}

/** @param moreRuns - What a run that the server lost had stored stays before the answer of the next one. */
export function wrongInRow(
  { scene }: Stage,
  turn: TurnRecord | null,
  allowed: Allowed,
  moreRuns = 0,
): string[] {
  const status = turn?.status ?? 'missing'
  if (turn === null || status === 'pending' || status === 'running') return []
  if (!(allowed as ReadonlySet<string>).has(status)) {
    return [`${status} (${turn.error?.code ?? turn.reason ?? 'no reason'})`]
  }
  const text = turn.text ?? ''
  const isWhole = moreRuns > 0 ? text.endsWith(scene.text) : text === scene.text
  const isPart = moreRuns > 0 || scene.text.startsWith(text)
  const isRight = status === 'completed' ? isWhole : isPart
  return isRight ? [] : [`the text of the ${status} turn is “${text}”`]
}

/** @param moreRuns - So many more are allowed, since the server lost one. */
export function askedTwice(stage: Stage, { prompts }: Seen, moreRuns = 0): string[] {
  const wrong: string[] = []
  if (prompts > 1) wrong.push(`${prompts} user messages`)
  const runs = stage.upstream.runs(stage.prompt.text)
  if (runs > 1 + moreRuns) wrong.push(`${runs} runs`)
  return wrong
}

export function stillAtWork({ busy, openAsks }: Seen): string[] {
  return [
    ...(busy.length > 0 ? ['the agent works on'] : []),
    ...(openAsks > 0 ? ['an ask is open'] : []),
  ]
}
