import { mkdir } from 'node:fs/promises'
import { TaskError } from '../errors.js'
import { anySignal } from '../run/any-signal.js'
import type { WorkspaceBackups } from './options.js'

interface Signalled {
  readonly signal?: AbortSignal
}

/** Backups and restores of a directory in which agents work. */
export interface DirectoryWorks<Backup> {
  backup(options: Signalled): Promise<Backup>
  /** Replaces the directory. */
  restore(options: Signalled): Promise<unknown>
  /** @throws TaskError `busy` while it is replaced. */
  assertStill(): void
  /** Resolves when it is not replaced, however that went. */
  still(): Promise<void>
  /** Resolves when what is under way is over, however that went. */
  over(): Promise<void>
}

export function createDirectoryWorks<Backup>(options: {
  readonly directory: string
  readonly backups: WorkspaceBackups<Backup> | undefined
  /** Ends them. */
  readonly signal: AbortSignal
  /** Resolves when what is put into the directory at its start is there. */
  readonly started: () => Promise<unknown>
}): DirectoryWorks<Backup> {
  const { directory, backups, started } = options
  const works = new Set<Promise<void>>()
  let replacing: Promise<void> | null = null

  const overOf = async (of: Iterable<Promise<unknown>>): Promise<void> => {
    await Promise.allSettled(of)
  }
  const assertStill = (): void => {
    if (replacing !== null) throw busy(directory)
  }
  const work = async <Result>(
    { signal }: Signalled,
    on: (its: WorkspaceBackups<Backup>, at: { readonly signal: AbortSignal }) => Promise<Result>,
  ): Promise<Result> => {
    if (backups === undefined) throw new TypeError('`backups` of the workspace is missing')
    const until = anySignal(options.signal, signal)
    const working = on(backups, { signal: until.signal }).finally(until.release)
    const ended = overOf([working]).then(() => void works.delete(ended))
    works.add(ended)
    return await working
  }

  return {
    assertStill,
    still: async () => await (replacing ?? Promise.resolve()),
    over: async () => await overOf(works),
    async backup(of) {
      assertStill()
      return await work(of, async (its, at) => {
        await overOf([started()])
        at.signal.throwIfAborted()
        return await its.backup({ directory, ...at })
      })
    },
    async restore(of) {
      assertStill()
      return await work(of, async (its, at) => {
        const replace = async (): Promise<unknown> => {
          await overOf([...works, started()])
          at.signal.throwIfAborted()
          await mkdir(directory, { recursive: true })
          return await its.restore({ directory, ...at, into: 'replace' })
        }
        const replaced = replace()
        replacing = overOf([replaced]).then(() => void (replacing = null))
        return await replaced
      })
    },
  }
}

/** Of a directory that is replaced, or would be below an agent. */
export function busy(directory: string): TaskError {
  return new TaskError(
    'busy',
    `The workspace ${directory} cannot be replaced while an agent works in it, nor used while it is replaced; wait until that is over.`,
  )
}
