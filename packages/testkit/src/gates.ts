import { TestkitError } from './errors.js'
import { realTime } from './real-time.js'

/** A place where an answer stops until the test lets it go on. */
export interface Gate {
  /** How many stopped here so far. */
  readonly arrivals: number
  /** Resolves when something stops here; at once when something already has. */
  reached(options?: { timeoutMs?: number }): Promise<void>
  /** Lets everything through, now and later. */
  open(): void
}

/** Gates by name. */
export interface Gates {
  /** The gate of this name; made on first use. */
  gate(name: string): Gate
  /** Stops at a gate. Rejects with `signal.reason` when aborted. */
  pass(name: string, signal?: AbortSignal): Promise<void>
  /** Opens every gate, those of later names included. */
  openAll(): void
}

interface GateState extends Gate {
  arrivals: number
  isOpen: boolean
  readonly arrived: Set<() => void>
  readonly stopped: Set<() => void>
}

/** Makes {@link Gates}. */
export function createGates(): Gates {
  const states = new Map<string, GateState>()
  let areAllOpen = false

  const stateOf = (name: string): GateState => {
    const existing = states.get(name)
    if (existing) return existing
    const made = createGate(name, areAllOpen)
    states.set(name, made)
    return made
  }

  return {
    gate: stateOf,
    async pass(name, signal) {
      signal?.throwIfAborted()
      const state = stateOf(name)
      state.arrivals += 1
      for (const tell of state.arrived) tell()
      if (state.isOpen) return
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => {
          state.stopped.delete(go)
          reject(signal?.reason)
        }
        const go = (): void => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        }
        state.stopped.add(go)
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    },
    openAll() {
      areAllOpen = true
      for (const state of states.values()) state.open()
    },
  }
}

function createGate(name: string, isOpen: boolean): GateState {
  const state: GateState = {
    arrivals: 0,
    isOpen,
    arrived: new Set(),
    stopped: new Set(),
    reached(options) {
      if (state.arrivals > 0) return Promise.resolve()
      const timeoutMs = options?.timeoutMs ?? 2_000
      return new Promise((resolve, reject) => {
        const timer = realTime.setTimeout(() => {
          state.arrived.delete(tell)
          reject(
            new TestkitError('wait_timeout', `Nothing reached gate "${name}" in ${timeoutMs} ms`),
          )
        }, timeoutMs)
        const tell = (): void => {
          realTime.clearTimeout(timer)
          state.arrived.delete(tell)
          resolve()
        }
        state.arrived.add(tell)
      })
    },
    open() {
      state.isOpen = true
      for (const go of state.stopped) go()
      state.stopped.clear()
    },
  }
  return state
}
