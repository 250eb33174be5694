import { limitTime, untilAbort } from '../abort.js'
import { monotonic, systemClock, type Clock } from '../clock.js'
import { assertKnown, type Names } from '../known-options.js'
import { createBell } from '../timing/bell.js'
import { backupWorkspace, type BackupOptions, type BackupReport } from './backup.js'
import { checkLimits } from './limits.js'
import { pruneBackups } from './prune-backups.js'
import { isAtRest, type WorkingReply } from './rest.js'

/** Options of {@link scheduleBackups}. */
export interface BackupScheduleOptions extends BackupOptions {
  /** Time from one backup to the next, in milliseconds. Default: 300,000. */
  readonly everyMs?: number | undefined
  /** How long a backup that is due waits for the agent to come to rest, in milliseconds; then it is taken all the same. Default: `everyMs`. */
  readonly longestWaitMs?: number | undefined
  /** Longest time for one backup, in milliseconds; it is then given up, and the next one tried. Default: 600,000. */
  readonly longestBackupMs?: number | undefined
  /** How many backups of this name to keep; older ones are removed after each. Default: all of them. */
  readonly keep?: number | undefined
  /** Called with each backup that was taken. */
  readonly onBackup?: ((report: BackupReport) => void) | undefined
  /** Called with what went wrong: of a backup, of removing old ones, of `onBackup`. The schedule goes on. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Ends the schedule at once, without a last backup. */
  readonly signal?: AbortSignal | undefined
  /** Where its time comes from. Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

/** Backups that are taken while an agent works. */
export interface BackupSchedule {
  /**
   * Backups wait for a moment in which none of these replies runs a tool; one that is closed or replaced is to be left by the function
   * that is returned. Pass it on as a turn's `onReply`.
   */
  follow(reply: WorkingReply): () => void
  /** Takes a last backup, after the one that is under way. Resolves with it; with `null` when it failed, which `onError` gets. Never rejects. */
  close(): Promise<BackupReport | null>
  [Symbol.asyncDispose](): Promise<void>
}

const names: Names<BackupScheduleOptions> = {
  store: true,
  directory: true,
  name: true,
  ignore: true,
  limits: true,
  clock: true,
  signal: true,
  everyMs: true,
  longestWaitMs: true,
  longestBackupMs: true,
  keep: true,
  onBackup: true,
  onError: true,
}

/**
 * Takes backups of a workspace now and then, one at a time, in moments of rest: a backup that no tool disturbed is of one moment. Begins at
 * once, with the first backup after `everyMs`. Throws `RangeError` for times that make no sense.
 */
export function scheduleBackups(options: BackupScheduleOptions): BackupSchedule {
  assertKnown('`scheduleBackups`', options, names)
  checkLimits(options.limits)
  const { everyMs = 300_000, longestWaitMs = everyMs, longestBackupMs = 600_000 } = options
  for (const [name, ms] of Object.entries({ everyMs, longestBackupMs })) {
    if (!(ms > 0)) throw new RangeError(`\`${name}\` must be a number above 0.`)
  }
  if (!(longestWaitMs >= 0)) throw new RangeError('`longestWaitMs` must be a number, 0 or more.')
  const { clock = systemClock, signal } = options
  const bell = createBell(clock)
  const replies = new Map<WorkingReply, () => void>()
  const isResting = (): boolean => [...replies.keys()].every(isQuiet)
  let dueAt = monotonic(clock) + everyMs
  let isClosing = signal?.aborted === true
  let closed: Promise<BackupReport | null> | null = null

  function report(error: unknown): void {
    try {
      options.onError?.(error)
    } catch {
      // A host's reporter that fails has nobody left to tell.
    }
  }

  /** One that cannot say is not waited for. */
  function isQuiet(reply: WorkingReply): boolean {
    try {
      return isAtRest(reply)
    } catch (error) {
      report(error)
      return true
    }
  }

  async function take(): Promise<BackupReport | null> {
    const what = 'The backup was not taken'
    const limit = limitTime(clock, { ms: longestBackupMs, signal, what })
    try {
      // A store that hangs may not heed the signal.
      const taken = await untilAbort(limit.signal, () =>
        backupWorkspace({ ...options, signal: limit.signal }),
      )
      try {
        options.onBackup?.(taken)
        const { store, name, keep } = options
        if (keep !== undefined) {
          await untilAbort(limit.signal, () =>
            pruneBackups({ store, name, keep, clock, signal: limit.signal }),
          )
        }
      } catch (error) {
        if (signal?.aborted !== true) report(error)
      }
      return taken
    } catch (error) {
      if (signal?.aborted !== true) report(error)
      return null
    } finally {
      limit.end()
    }
  }

  async function run(): Promise<void> {
    while (!isClosing) {
      const now = monotonic(clock)
      const isDue = now >= dueAt
      if (isDue && (isResting() || now >= dueAt + longestWaitMs)) {
        await take()
        // From its end: a backup that takes longer than the time between two must not follow itself.
        dueAt = monotonic(clock) + everyMs
      } else {
        await bell.wait((isDue ? dueAt + longestWaitMs : dueAt) - now)
      }
    }
  }

  const onAbort = (): void => {
    isClosing = true
    bell.ring()
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  const running = run().finally(() => {
    signal?.removeEventListener('abort', onAbort)
    for (const leave of replies.values()) leave()
    replies.clear()
  })

  async function end(): Promise<BackupReport | null> {
    onAbort()
    await running
    return signal?.aborted === true ? null : take()
  }

  return {
    follow: (reply) => {
      if (isClosing) return () => {}
      replies.get(reply)?.()
      // What a backup waits for is that nothing runs any more; before it is due, nobody waits.
      const changed = (): void => {
        if (monotonic(clock) >= dueAt) bell.ring()
      }
      const leave = reply.observe({ changed })
      replies.set(reply, leave)
      return () => {
        leave()
        replies.delete(reply)
        changed()
      }
    },
    close: () => (closed ??= end()),
    [Symbol.asyncDispose]: async () => {
      await (closed ??= end())
    },
  }
}
