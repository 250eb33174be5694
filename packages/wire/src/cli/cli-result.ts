import type { CliEvent, CliTokens } from './cli-events.js'

/** How a run ended. */
export interface CliResult {
  /** Exit status; null when a signal ended it. */
  readonly exitCode: number | null
  /** The signal that ended it; null when it exited by itself. */
  readonly signal: NodeJS.Signals | null
  /** The session it ran in; null when it failed before there was one. */
  readonly sessionId: string | null
  /** The answer: its pieces with an empty line between. */
  readonly text: string
  /** Why the last step ended; null when none did. */
  readonly finish: string | null
  /**
   * True only when the process exited with 0, reported no error, and its last step ended on its own. An exit with 0 alone
   * proves nothing: it is also what a refused permission ends with.
   */
  readonly completed: boolean
  /** The error after which nothing more was tried; secrets are hidden. */
  readonly error: { readonly name: string; readonly message: string } | null
  /** In US dollars, over all steps. */
  readonly cost: number
  /** Over all steps. */
  readonly tokens: CliTokens
  /** The end of what it printed for people, with secrets hidden. */
  readonly log: string
}

/** Gathers a result from events. */
export class CliFold {
  readonly #redact: (text: string) => string
  readonly #texts: string[] = []
  #sessionId: string | null = null
  #finish: string | null = null
  #error: CliResult['error'] = null
  #cost = 0
  #tokens: CliTokens = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 }

  constructor(redact: (text: string) => string) {
    this.#redact = redact
  }

  add(event: CliEvent): void {
    if (event.sessionId !== '') this.#sessionId = event.sessionId
    if (event.type === 'text') this.#texts.push(event.text)
    if (event.type === 'error')
      this.#error = { name: event.name, message: this.#redact(event.message) }
    if (event.type === 'step_start') {
      // The server went on by itself, as it does after a context overflow.
      this.#error = null
      this.#finish = null
    }
    if (event.type === 'step_finish') {
      this.#finish = event.reason
      this.#cost += event.cost
      this.#tokens = sum(this.#tokens, event.tokens)
    }
  }

  result(exit: { code: number | null; signal: NodeJS.Signals | null }, log: string): CliResult {
    const isAnswered = this.#finish !== null && this.#finish !== 'tool-calls'
    return {
      exitCode: exit.code,
      signal: exit.signal,
      sessionId: this.#sessionId,
      text: this.#texts.join('\n\n'),
      finish: this.#finish,
      completed: exit.code === 0 && this.#error === null && isAnswered,
      error: this.#error,
      cost: this.#cost,
      tokens: this.#tokens,
      log,
    }
  }
}

function sum(a: CliTokens, b: CliTokens): CliTokens {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
  }
}
