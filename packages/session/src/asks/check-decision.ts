import type { AskDecision, OpenAsk } from '../ask-records.js'

const actions = ['allow', 'answer', 'reject']

/** A decision from a caller that may have no types, or from a form. */
export function assertDecision(decision: AskDecision): void {
  const given: unknown = decision
  const { action, answers, message } = (
    typeof given === 'object' && given !== null ? given : {}
  ) as Readonly<Record<string, unknown>>
  if (typeof action !== 'string' || !actions.includes(action)) {
    throw new TypeError('`decision.action` must be `allow`, `answer` or `reject`.')
  }
  if (action === 'answer' && !isListOfLabels(answers)) {
    throw new TypeError('`decision.answers` must be a list of labels for each question.')
  }
  if (message !== undefined && typeof message !== 'string') {
    throw new TypeError('`decision.message` must be a text.')
  }
}

/** A permission is no question: the one cannot be decided as the other. */
export function assertFits(decision: AskDecision, ask: OpenAsk): void {
  const { action } = decision
  if (ask.kind === 'permission' ? action === 'answer' : action === 'allow') {
    const fitting = ask.kind === 'permission' ? 'allow' : 'answer'
    throw new TypeError(
      `The ${ask.kind} ${ask.id} cannot be decided by \`${action}\`: use \`${fitting}\` or \`reject\`.`,
    )
  }
  if (action !== 'answer' || ask.kind !== 'question') return
  const { questions } = ask
  if (questions.length > 0 && decision.answers.length !== questions.length) {
    throw new TypeError(
      `The ask ${ask.id} has ${questions.length} questions: give one list of labels for each.`,
    )
  }
}

function isListOfLabels(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (labels) => Array.isArray(labels) && labels.every((label) => typeof label === 'string'),
    )
  )
}
