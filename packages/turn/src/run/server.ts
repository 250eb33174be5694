import type { TurnClient } from '../ports.js'

/** What every request of a turn is given: an end by signal and an end by time. */
export interface RequestLimits {
  readonly signal?: AbortSignal
  readonly timeoutMs: number
}

/** The OpenCode server as one turn sees it. */
export interface TurnServer {
  /** Bound to the directory of the turn's session once that is known. */
  readonly client: TurnClient
  /** The directory of the session is known. */
  readonly isBound: boolean
  /**
   * Binds the client to the directory in which a session was made. On the server status, events and asks belong to a directory
   * and sessions do not: seen from another directory a session at work would look idle.
   */
  bindTo(session: { readonly directory?: string }, limits: RequestLimits): Promise<void>
}

/** The directories that clients see, resolved by the server; each client is asked about once. */
const directories = new WeakMap<TurnClient, Promise<string>>()

export function createServer(given: TurnClient): TurnServer {
  let client = given
  let isBound = false
  return {
    get client() {
      return client
    },
    get isBound() {
      return isBound
    },
    async bindTo({ directory }, limits) {
      const isKnown = typeof directory === 'string' && directory !== ''
      if (isKnown && (await directoryOf(given, limits.timeoutMs)) !== directory) {
        client = { ...given, ...given.withScope({ directory }) }
      }
      isBound = true
    },
  }
}

/** Without the signal of the turn that asks: other turns wait for the same answer. */
async function directoryOf(client: TurnClient, timeoutMs: number): Promise<string> {
  const known = directories.get(client)
  if (known !== undefined) return await known
  const asked = client.request('GET', '/path', { timeoutMs }).then(readDirectory)
  directories.set(client, asked)
  // A failed question is asked again.
  asked.catch(() => directories.delete(client))
  return await asked
}

function readDirectory(answer: unknown): string {
  const directory: unknown =
    typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'directory') : undefined
  if (typeof directory === 'string' && directory !== '') return directory
  const error = new Error('The OpenCode server did not say which directory the client is bound to.')
  throw Object.assign(error, { retryable: true })
}
