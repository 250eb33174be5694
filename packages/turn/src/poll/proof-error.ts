import type { ReplyError } from '@turnstead/reply'
import { TurnError, type TurnErrorCode } from '../errors.js'
import type { Proof } from './evidence.js'

/** What a failure that the server's messages prove is called. */
export function errorOfProof({ error, reason }: Extract<Proof, { state: 'failed' }>): TurnError {
  // The server's message may hold stack traces, SQL and the user's text: it is the cause, not the message.
  const cause = new Error(error.message)
  cause.name = error.name
  if (reason === 'error') {
    const message = `The model provider failed (${error.name}); the cause has its message.`
    const provider = { status: error.statusCode, message: error.message }
    return new TurnError(providerCode(error), message, { cause, provider })
  }
  const message = `The turn was ended on the OpenCode server (${reason}).`
  return new TurnError('turn_stopped', message, { cause })
}

/** By the server's name of the error where that says it, else by what the provider answered. */
function providerCode({ name, statusCode }: ReplyError): TurnErrorCode {
  const named = providerCodes.get(name)
  if (named !== undefined) return named
  if (statusCode === null) return 'provider_failed'
  if (limitStatuses.has(statusCode)) return 'provider_limited'
  return statusCode >= 400 && statusCode < 500 ? 'provider_refused' : 'provider_failed'
}

const providerCodes: ReadonlyMap<string, TurnErrorCode> = new Map([
  ['ContentFilterError', 'content_filtered'],
  ['ContextOverflowError', 'context_overflow'],
  ['ProviderAuthError', 'provider_refused'],
  ['StructuredOutputError', 'output_invalid'],
])

/** Out of credit, and too many requests. */
const limitStatuses: ReadonlySet<number> = new Set([402, 429])
