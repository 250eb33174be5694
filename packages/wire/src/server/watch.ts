import { monotonic, type Clock } from '../clock.js'
import type { WatchOptions } from './options.js'

/** What a watch can see and do; every call is about the process that is watched. */
export interface WatchPorts {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** False once the process was replaced or is gone. */
  readonly isCurrent: () => boolean
  readonly isHealthy: () => Promise<boolean>
  readonly residentBytes: () => number | null
  /** Whether no turn is running, as far as the server can tell. */
  readonly isIdle: () => Promise<boolean>
  /** Asks the server to let go of its project instances. */
  readonly dispose: () => Promise<void>
}

/**
 * Probes a process until it has to be replaced; rejects when the signal aborts.
 *
 * Memory first costs the idle instances, which load again with the next request. The server seldom gives that
 * memory back to the system (measured), so if it is still over the limit when idle at the next look, the process has to go.
 */
export async function watchServer(
  ports: WatchPorts,
  options: WatchOptions,
): Promise<'unhealthy' | 'memory' | 'gone'> {
  const { clock, signal } = ports
  const startedAt = monotonic(clock)
  let failures = 0
  let isDisposed = false
  for (;;) {
    await clock.sleep(options.probeIntervalMs, { signal })
    if (!ports.isCurrent()) return 'gone'
    failures = (await ports.isHealthy()) ? 0 : failures + 1
    if (!ports.isCurrent()) return 'gone'
    if (failures >= options.probeFailures) return 'unhealthy'
    if (failures > 0) continue

    const bytes = ports.residentBytes() ?? 0
    if (bytes <= options.memoryLimitBytes) {
      isDisposed = false
      continue
    }
    if (!(await mayInterrupt(options.isIdle ?? ports.isIdle)) || !ports.isCurrent()) continue
    if (!isDisposed) {
      await ports.dispose()
      isDisposed = true
    } else if (monotonic(clock) - startedAt >= options.stableMs) {
      // Not earlier: with a limit that even a fresh server exceeds it would do nothing but restart.
      return 'memory'
    }
  }
}

async function mayInterrupt(isIdle: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await isIdle()
  } catch {
    return false
  }
}
