import { isRegExp } from 'node:util/types'

import { childReplies } from './plan.js'
import type { Reply } from './steps.js'

/** What is known of a prompt when its answer is chosen. */
export interface PromptInfo {
  /**
   * The prompt's text as a model reads it: all text parts joined by line feeds, and after them what the server makes of
   * text files and agents. To match what a person typed, look for a part of it.
   */
  readonly text: string
  /** The session that asks; null where the model cannot tell. */
  readonly sessionId: string | null
  /** The agent that runs; null where the model cannot tell. */
  readonly agent: string | null
  /** How many prompts were answered before this one. */
  readonly index: number
}

/** Which prompts an answer is for: equal or contained text, a pattern, a session or agent, or a function. */
export type PromptMatch =
  | string
  | RegExp
  | { readonly text?: string | RegExp; readonly session?: string; readonly agent?: string }
  | ((prompt: PromptInfo) => boolean)

/** A programmed answer. */
export interface Answer {
  readonly kind: 'answer'
  /** The prompts that it is for; absent: any. */
  readonly match?: PromptMatch
  /** The answer, or a function that makes it. */
  readonly reply: Reply | ((prompt: PromptInfo) => Reply)
  /** How often it may be used; it is then consumed. */
  readonly times: number
}

/** Programmed answers: one for everything, several in order, or a function. */
export type ScenarioLike =
  | Reply
  | Answer
  | readonly (Reply | Answer)[]
  | ((prompt: PromptInfo) => Reply)

/** An answer for prompts that match, used once unless `times` says more. */
export function on(
  match: PromptMatch,
  reply: Answer['reply'],
  options: { readonly times?: number } = {},
): Answer {
  return { kind: 'answer', match, reply, times: options.times ?? 1 }
}

/** An answer that is never used up and need not be asked for. */
export function always(match: PromptMatch, reply: Answer['reply']): Answer {
  if (reply === undefined) {
    throw new TypeError('`always` takes what it is for and the answer: `always(/./, reply(…))`')
  }
  return { kind: 'answer', match, reply, times: Infinity }
}

/** A programmed answer that was not used as often as it should have been, or a prompt that had none. */
export interface Leftover {
  /** `never asked` or `asked without an answer`. */
  readonly what: 'never asked' | 'asked without an answer'
  /** The match of the answer, or the text of the prompt. */
  readonly which: string
  /** How often. */
  readonly times: number
}

/** Answers that are consumed as prompts arrive. */
export interface AnswerBook {
  /** Adds answers after those that exist. */
  add(scenario: ScenarioLike): void
  /** Takes the answer for a prompt; null when there is none left. */
  take(prompt: Omit<PromptInfo, 'index'>): Reply | null
  /** What never came and what came unasked. */
  leftovers(): readonly Leftover[]
}

/** Makes an {@link AnswerBook}. */
export function createAnswerBook(scenario?: ScenarioLike): AnswerBook {
  const answers: { readonly answer: Answer; used: number }[] = []
  const children: { readonly prompt: string; readonly reply: Reply }[] = []
  const made: { readonly prompt: string; readonly reply: Reply }[] = []
  const unasked = new Map<string, number>()
  let index = 0

  const add = (more: ScenarioLike): void => {
    for (const answer of toAnswers(more)) {
      answers.push({ answer, used: 0 })
      if (typeof answer.reply !== 'function') children.push(...childReplies(answer.reply))
    }
  }
  if (scenario !== undefined) add(scenario)

  return {
    add,
    take(prompt) {
      const info: PromptInfo = { ...prompt, index }
      index += 1
      const exact = answers.find((each) => isFree(each) && each.answer.match === info.text)
      const found =
        exact ?? answers.find((each) => isFree(each) && matches(each.answer.match, info))
      const child = children.find((each) => each.prompt === info.text) ?? takeChild(made, info.text)
      if (child && (!found || found.answer.match === undefined)) return child.reply
      if (!found) {
        unasked.set(info.text, (unasked.get(info.text) ?? 0) + 1)
        return null
      }
      found.used += 1
      const chosen = found.answer.reply
      if (typeof chosen !== 'function') return chosen
      const answer = chosen(info)
      made.push(...childReplies(answer))
      return answer
    },
    leftovers() {
      const never = answers
        .filter(({ answer, used }) => answer.times !== Infinity && used < answer.times)
        .map(({ answer, used }): Leftover => ({
          what: 'never asked',
          which: describeMatch(answer.match),
          times: answer.times - used,
        }))
      const came = [...unasked].map(([which, times]): Leftover => ({
        what: 'asked without an answer',
        which,
        times,
      }))
      return [...never, ...came]
    },
  }
}

/** What a function has answered holds for one child each. */
function takeChild(
  made: { readonly prompt: string; readonly reply: Reply }[],
  prompt: string,
): { readonly prompt: string; readonly reply: Reply } | undefined {
  const index = made.findIndex((each) => each.prompt === prompt)
  return index < 0 ? undefined : made.splice(index, 1)[0]
}

function isFree(each: { readonly answer: Answer; readonly used: number }): boolean {
  return each.used < each.answer.times
}

function toAnswers(scenario: ScenarioLike): readonly Answer[] {
  if (typeof scenario === 'function') return [{ kind: 'answer', reply: scenario, times: Infinity }]
  for (const each of isList(scenario) ? scenario : [scenario]) assertAnswer(each)
  if (!isList(scenario)) {
    return scenario.kind === 'answer'
      ? [scenario]
      : [{ kind: 'answer', reply: scenario, times: Infinity }]
  }
  return scenario.map((each) =>
    each.kind === 'answer' ? each : { kind: 'answer', reply: each, times: 1 },
  )
}

/** @throws TypeError for what is no answer: found only when it is asked for, it would be the server's failure. */
function assertAnswer(given: unknown): void {
  const { kind, reply } = Object(given) as Partial<Answer>
  if (Array.isArray(Reflect.get(Object(given), 'steps'))) return
  if (kind === 'answer' && (typeof reply === 'function' || Array.isArray(reply?.steps))) return
  throw new TypeError(
    "A scenario is made of `reply(text('Hello.'))` and of `on('a prompt', reply(…))`.",
  )
}

function isList(scenario: object): scenario is readonly (Reply | Answer)[] {
  return Array.isArray(scenario)
}

function matches(match: PromptMatch | undefined, prompt: PromptInfo): boolean {
  if (match === undefined) return true
  if (typeof match === 'function') return match(prompt)
  if (typeof match === 'string' || isRegExp(match)) return fits(match, prompt.text)
  return (
    (match.text === undefined || fits(match.text, prompt.text)) &&
    (match.session === undefined || match.session === prompt.sessionId) &&
    (match.agent === undefined || match.agent === prompt.agent)
  )
}

function fits(match: string | RegExp, content: string): boolean {
  if (typeof match === 'string') return content.includes(match)
  match.lastIndex = 0
  return match.test(content)
}

function describeMatch(match: PromptMatch | undefined): string {
  if (match === undefined) return '(any prompt)'
  if (typeof match === 'string') return JSON.stringify(match)
  if (isRegExp(match)) return String(match)
  if (typeof match === 'function') return '(a function)'
  return JSON.stringify(match, (_key, value: unknown) => (isRegExp(value) ? String(value) : value))
}
