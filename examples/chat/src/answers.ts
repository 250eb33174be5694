import type { Ask } from '@turnstead/reply'
import type { AskAnswer, TurnClient } from '@turnstead/turn'
import { WireError } from '@turnstead/wire'

/** One question of the agent, as far as it can be read. */
export interface Question {
  readonly text: string
  readonly options: readonly { readonly label: string; readonly description: string }[]
  /** Several options may be chosen. */
  readonly isMultiple: boolean
}

/** The questions of an ask. What the agent sent may hold anything. */
export function readQuestions({ questions }: Ask): Question[] {
  return questions.map((value) => {
    const options = fieldOf(value, 'options')
    return {
      text: textOf(value, 'question'),
      options: (Array.isArray(options) ? options : []).map((option: unknown) => ({
        label: textOf(option, 'label'),
        description: textOf(option, 'description'),
      })),
      isMultiple: fieldOf(value, 'multiple') === true,
    }
  })
}

/** What the reader's form says; null when it is not the form of an ask. A question may be left unanswered. */
export function readAnswer(ask: Ask, form: unknown): AskAnswer | null {
  const decision = fieldOf(form, 'decision')
  if (decision === 'no') return { do: 'reject' }
  if (decision !== 'yes') return null
  if (ask.kind === 'permission') return { do: 'allow' }
  const answers = ask.questions.map((_, index) =>
    [fieldOf(form, `answer-${index}`), textOf(form, `words-${index}`).trim()]
      .flat()
      .flatMap((answer: unknown) => (typeof answer === 'string' && answer !== '' ? [answer] : [])),
  )
  return { do: 'answer', answers }
}

/** Sends it to the agent's server. The turn waits there, so this may be done by any process. */
export async function sendAnswer(
  { permission, question }: Pick<TurnClient, 'permission' | 'question'>,
  ask: Ask,
  answer: AskAnswer,
): Promise<void> {
  try {
    if (answer.do === 'allow') await permission.reply(ask.id, { reply: 'once' })
    else if (answer.do === 'answer') {
      await question.reply(ask.id, { answers: answer.answers.map((labels) => [...labels]) })
    } else if (ask.kind === 'permission') await permission.reply(ask.id, { reply: 'reject' })
    else await question.reject(ask.id)
  } catch (error) {
    // It was answered on another page, or its time ran out.
    if (!WireError.is(error) || error.code !== 'not_found') throw error
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function textOf(value: unknown, name: string): string {
  const field = fieldOf(value, name)
  return typeof field === 'string' ? field : ''
}
