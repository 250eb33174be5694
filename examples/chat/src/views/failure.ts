/** What went wrong, in the reader's words. The codes are those of `@turnstead/turn`. */
const sentences: Readonly<Record<string, string>> = {
  server_unreachable: 'OpenCode could not be reached for too long.',
  server_lost_turn:
    'OpenCode stopped while it worked on this. What it had written until then is kept.',
  prompt_rejected: 'OpenCode did not take the message.',
  provider_failed: 'The model’s provider failed.',
  turn_stopped: 'The turn was stopped on the server.',
  ask_rejected: 'The agent wanted to do something that is not allowed here, and stopped.',
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
  APIError:
    'The model’s provider answered with an error. Look at the key, the model and the account.',
  ProviderAuthError: 'The model’s provider did not accept the key.',
  ContextOverflowError: 'The conversation is too long for the model.',
  ContentFilterError: 'The model’s provider refused the content.',
}

export function describeProviderFailure(errorName: string | null): string {
  return providerSentences[errorName ?? ''] ?? describeFailure('provider_failed')
}
