import type { AskDecision, OpenAsk } from '@turnstead/session'

/** What the reader's form says; null when it is not the form of this ask, or leaves a question without an answer. */
export function readDecision(ask: OpenAsk, form: unknown): AskDecision | null {
  const decision = fieldOf(form, 'decision')
  if (decision === 'no') return { action: 'reject' }
  if (decision !== 'yes') return null
  if (ask.kind === 'permission') return { action: 'allow' }
  const answers = ask.questions.map(({ custom }, index) =>
    [fieldOf(form, `answer-${index}`), custom ? wordsOf(form, index) : '']
      .flat()
      .flatMap((answer: unknown) => (typeof answer === 'string' && answer !== '' ? [answer] : [])),
  )
  return answers.some((labels) => labels.length === 0) ? null : { action: 'answer', answers }
}

function wordsOf(form: unknown, index: number): string {
  const words = fieldOf(form, `words-${index}`)
  return typeof words === 'string' ? words.trim() : ''
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
