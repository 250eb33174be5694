import type { ReplyError } from '@turnstead/reply'

/** What went wrong, in the reader's words. The codes are those of `@turnstead/turn`. */
const sentences: Readonly<Record<string, string>> = {
  server_unreachable: 'OpenCode could not be reached for too long.',
  server_lost_turn:
    'OpenCode stopped while it worked on this. What it had written until then is kept.',
  prompt_rejected: 'OpenCode did not take the message.',
  provider_failed: 'The model’s provider failed.',
  turn_stopped: 'The turn was stopped on the server.',
  ask_rejected: 'You declined, so the agent stopped.',
  empty_reply: 'The agent ended without an answer.',
  budget_first_event: 'The model did not begin to answer in time.',
  budget_progress: 'The model went silent for too long.',
  budget_wall_clock: 'The turn took too long and was stopped.',
  budget_retry: 'The model’s provider kept failing, so the turn was stopped.',
  budget_steps: 'The agent went round in circles and was stopped.',
  budget_cost: 'The turn reached its cost limit and was stopped.',
  budget_tokens: 'The turn reached its token limit and was stopped.',
}

/** What to do where asking again is not it. The button for asking again is below every answer. */
const advices: Readonly<Record<string, string>> = {
  prompt_rejected: 'Choose another model or agent, or write it in other words.',
  turn_stopped: 'Ask again if that was not meant.',
  ask_rejected: 'Write what it should do instead.',
  budget_wall_clock: 'Ask for a part of it, or ask again.',
  budget_steps: 'Write more exactly what you expect, or ask again.',
  budget_cost: 'Ask for a part of it, in a new conversation.',
  budget_tokens: 'Ask for a part of it, in a new conversation.',
}

export function describeFailure(code: string | null): string {
  const advice = advices[code ?? ''] ?? 'Ask again; nothing that you wrote is lost.'
  return `${sentences[code ?? ''] ?? 'Something went wrong.'} ${advice}`
}

/** The same for what a provider said, which itself may hold anything and is never shown. */
const providerSentences: Readonly<Record<string, string>> = {
  ProviderAuthError:
    'The model’s provider did not accept the key. Start the application with another one.',
  ContextOverflowError: 'The conversation is too long for the model. Go on in a new one.',
  ContentFilterError: 'The model’s provider refused the content. Write it in other words.',
}

export function describeProviderFailure(error: ReplyError | null): string {
  const { name = '', statusCode = null } = error ?? {}
  const sentence = providerSentences[name]
  if (sentence !== undefined) return sentence
  if (statusCode === 401 || statusCode === 403) {
    return `The model’s provider did not accept the key (${statusCode}). Start the application with another one.`
  }
  if (statusCode === 402 || statusCode === 429) {
    return `The model’s provider takes no more requests (${statusCode}): look at the account’s credit and limits.`
  }
  if (statusCode === 404)
    return 'The model’s provider does not know the model (404). Choose another one.'
  if (statusCode !== null && statusCode < 500) {
    return `The model’s provider refused the request (${statusCode}). Try another model, or a new conversation.`
  }
  return describeFailure('provider_failed')
}
