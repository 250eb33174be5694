import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentState } from './state.js'

export interface ServerWatchOptions {
  /** Resolves when the server answers within this time. */
  readonly ask: (timeoutMs: number) => Promise<void>
  /** Told at each change. */
  readonly onState: (state: AgentState) => void
  /** Told once in each outage what went wrong: a wrong password looks like a server that is away. */
  readonly onError: (error: unknown) => void
  readonly signal: AbortSignal
  /** Default: the clock of the machine. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Asks a server of another's now and then whether it runs. */
export interface ServerWatch {
  /** Resolves when it has answered for the first time; rejects when the watch ends before. */
  readonly ready: Promise<void>
  close(): Promise<void>
}

const askMs = 3_000
const betweenMs = 5_000
const startingMs = 500
/** One answer that is late is no outage. */
const missesUntilAway = 2
/** A server that starts may take a while. */
const missesUntilTold = 20

export function createServerWatch(options: ServerWatchOptions): ServerWatch {
  const { ask, onState, onError, pause = systemPause } = options
  const closing = new AbortController()
  const signal = AbortSignal.any([closing.signal, options.signal])
  let isReady = (): void => undefined
  let isOver = (_reason: unknown): void => undefined
  const ready = new Promise<void>((resolve, reject) => {
    isReady = resolve
    isOver = reject
  })
  // Not everyone who watches waits.
  ready.catch(() => undefined)

  async function watch(): Promise<void> {
    let state: AgentState = 'starting'
    let misses = 0
    while (!signal.aborted) {
      const error = await ask(askMs).then(
        () => null,
        (reason: unknown) => reason ?? new Error('no answer'),
      )
      const isUp = error === null
      misses = isUp ? 0 : misses + 1
      const isTold = misses === (state === 'starting' ? missesUntilTold : missesUntilAway)
      if (isTold && !signal.aborted) onError(error)
      const isAway: boolean = state === 'up' && misses >= missesUntilAway
      const next: AgentState = isUp ? 'up' : isAway ? 'restarting' : state
      if (next !== state) onState((state = next))
      if (isUp) isReady()
      await pause(state === 'up' && isUp ? betweenMs : startingMs, signal)
    }
  }
  const watching = watch().finally(() => isOver(new Error('the server is watched no more')))
  return {
    ready,
    async close() {
      closing.abort()
      await watching
    },
  }
}

async function systemPause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined)
}
