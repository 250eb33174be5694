import type { ReplyError } from '@turnstead/reply'

/** What went wrong, in the reader's words. The codes are those of `@turnstead/turn`. */
const sentences: Readonly<Record<string, string>> = {
  server_unreachable: 'OpenCode could not be reached for too long.',
  server_lost_turn:
    'OpenCode stopped while it worked on this. What it had written until then is kept.',
  prompt_rejected: 'OpenCode did not take the message.',
  provider_failed: 'The model’s provider failed.',
  turn_stopped: 'The turn was stopped on the server.',
  ask_rejected: 'The agent did not get what it asked for, and stopped.',
  empty_reply: 'The agent ended without an answer.',
  budget_first_event: 'The model did not begin to answer in time.',
  budget_progress: 'The model went silent for too long.',
  budget_wall_clock: 'The turn took too long and was stopped.',
  budget_retry: 'The model’s provider kept failing, so the turn was stopped.',
  budget_steps: 'The agent went round in circles and was stopped.',
  budget_cost: 'The turn reached its cost limit and was stopped.',
  budget_tokens: 'The turn reached its token limit and was stopped.',
}

export function describeFailure(code: string | null): string {
  return `${sentences[code ?? ''] ?? 'Something went wrong.'} You can send the message again.`
}

/** The same for what a provider said, which itself may hold anything and is never shown. */
const providerSentences: Readonly<Record<string, string>> = {
  ProviderAuthError: 'The model’s provider did not accept the key.',
  ContextOverflowError: 'The conversation is too long for the model.',
  ContentFilterError: 'The model’s provider refused the content.',
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
  if (statusCode === 404) return 'The model’s provider does not know the model (404).'
  if (statusCode !== null && statusCode < 500) {
    return `The model’s provider refused the request (${statusCode}).`
  }
  return describeFailure('provider_failed')
}
