/** What the server reported of a session that went wrong. */
export interface SessionError {
  readonly name: string
  readonly message: string
}

/** What the server said went wrong since the last send. Alone none of it proves anything: an overflow heals itself. */
export interface Remarks {
  readonly sessionError: SessionError | null
  /** Why the provider was asked again last. */
  readonly retry: string | null
  /** What was said last in any run of the prompt: a server that fails the same way again says it once. */
  readonly lastWords: string | null
  errored(error: SessionError): void
  retried(message: string): void
  /** The prompt was sent: what was said before is not about it. */
  forget(): void
}

export function createRemarks(): Remarks {
  let sessionError: SessionError | null = null
  let retry: string | null = null
  let lastWords: string | null = null
  return {
    get sessionError() {
      return sessionError
    },
    get retry() {
      return retry
    },
    get lastWords() {
      return lastWords
    },
    errored(error) {
      sessionError = error
      lastWords = error.message
    },
    retried(message) {
      retry = message
      lastWords = message
    },
    forget() {
      sessionError = null
      retry = null
    },
  }
}
