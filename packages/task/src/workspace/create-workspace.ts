import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Client } from '@turnstead/wire'
import { type Clock, longestTimerMs, systemClock } from '../clock.js'
import { TaskError } from '../errors.js'
import type { OpenCodeRunOutput } from '../run-output.js'
import { anySignal } from '../run/any-signal.js'
import { runAgent } from '../run/run-agent.js'
import { assertKnown, type Names } from '../known-options.js'
import { resolveRunOptions, runNames } from '../task-options.js'
import type { WorkspaceOptions, WorkspaceRunOptions } from './options.js'
import { openServer, type WorkspaceServer } from './own-server.js'

/** A folder with an agent in it. Close it: it may have a server of its own. */
export interface OpenCodeWorkspace<Backup = unknown, Changes = unknown> extends AsyncDisposable {
  /** The agent's directory, absolute. */
  readonly directory: string
  /**
   * Makes the directory, restores the newest backup into it when it is empty, and starts the server, once however often it is called; a start
   * that failed is made again. Resolves to a client about the directory: `opencodeTask({ client: workspace.start })` starts it with the
   * first call.
   */
  readonly start: () => Promise<Client>
  /** Asks the agent; starts what is not started. Leaving the loop stops the agent. */
  run(prompt: string, options?: WorkspaceRunOptions): AsyncIterable<OpenCodeRunOutput>
  /** Rejects with a TypeError where there is no `backups`. */
  backup(options?: { readonly signal?: AbortSignal }): Promise<Backup>
  /** Replaces the directory by the newest backup; rejects with `busy` while runs work in it. Null when there is no backup. */
  restore(options?: { readonly signal?: AbortSignal }): Promise<unknown>
  /** What changes in the directory; throws a TypeError where there is no `watchFiles`. */
  watch(options?: { readonly signal?: AbortSignal }): AsyncIterable<Changes>
  /**
   * Stops its runs, waits at most `closeMs` for the proof of it, and ends its own server. Runs that are not proved stopped by then say so
   * in their last output. May be called again.
   */
  close(): Promise<void>
}

/**
 * A workspace of one chat or user.
 *
 * @throws TypeError, RangeError for options that make no sense.
 *
 * @example
 * await using workspace = createWorkspace({ folder: `/srv/chats/${chatId}` })
 * for await (const output of workspace.run('Write a report')) render(output)
 */
export function createWorkspace<Backup = unknown, Changes = unknown>(
  options: WorkspaceOptions<Backup, Changes>,
): OpenCodeWorkspace<Backup, Changes> {
  assertKnown('`createWorkspace`', options, workspaceNames)
  if (typeof options.folder !== 'string' || options.folder === '')
    throw new TypeError('`folder` must not be empty')
  const { clock = systemClock, closeMs = 5_000 } = options
  if (!(closeMs >= 0 && closeMs <= longestTimerMs)) {
    throw new RangeError(`\`closeMs\` must be from 0 to ${longestTimerMs}`)
  }
  const folder = resolve(options.folder)
  const folders = { directory: join(folder, 'files'), dataDir: join(folder, 'server') }
  const { directory } = folders
  const life = new AbortController()
  const runs = new Set<Promise<void>>()
  let opened: Promise<WorkspaceServer> | null = null
  let closing: Promise<void> | null = null
  let isReplaced = false

  const open = async (): Promise<WorkspaceServer> => {
    await mkdir(directory, { recursive: true })
    const { backups } = options
    const { signal } = life
    if (backups !== undefined && (await readdir(directory)).length === 0) {
      await backups.restore({ directory, into: 'empty', signal })
    }
    return await openServer(options, folders, signal)
  }
  const start = async (): Promise<Client> => {
    assertOpen(closing)
    opened ??= open()
    const starting = opened
    try {
      return (await starting).client
    } catch (error) {
      if (opened === starting) opened = null
      throw error
    }
  }

  const setup = resolveRunOptions(
    async () => ({ client: await start(), release: () => undefined }),
    {
      isDirectoryOwn: true,
      ...options,
      // Stable over restarts, and of this folder alone.
      scope: options.scope ?? createHash('sha256').update(folder).digest('hex').slice(0, 32),
    },
  )

  async function* run(
    prompt: string,
    { sessionId = null, outputFile = null, runId = randomUUID(), signal }: Nullable = {},
  ): AsyncGenerator<OpenCodeRunOutput, void, void> {
    assertOpen(closing)
    if (isReplaced) throw busy(directory)
    // A start that fails is the host's to know, with its cause.
    await start()
    const stop = anySignal(life.signal, signal)
    let done: () => void = () => undefined
    const running = new Promise<void>((settle) => (done = settle))
    runs.add(running)
    try {
      const call = { callId: runId, prompt, sessionId, outputFile, signal: stop.signal }
      yield* runAgent(setup, call)
    } finally {
      stop.release()
      runs.delete(running)
      done()
    }
  }

  const close = async (): Promise<void> => {
    life.abort(closed(directory))
    const server = (await opened?.catch(() => null)) ?? null
    await endRuns(Promise.all(runs), server, { clock, closeMs })
  }

  return {
    directory,
    start,
    run,
    async backup({ signal } = {}) {
      assertOpen(closing)
      if (options.backups === undefined)
        throw new TypeError('`backups` of the workspace is missing')
      return await options.backups.backup({ directory, ...(signal && { signal }) })
    },
    async restore({ signal } = {}) {
      assertOpen(closing)
      if (options.backups === undefined)
        throw new TypeError('`backups` of the workspace is missing')
      if (runs.size > 0 || isReplaced) throw busy(directory)
      isReplaced = true
      try {
        return await options.backups.restore({
          directory,
          into: 'replace',
          ...(signal && { signal }),
        })
      } finally {
        isReplaced = false
      }
    },
    async *watch({ signal } = {}) {
      if (options.watchFiles === undefined) {
        throw new TypeError('`watchFiles` of the workspace is missing')
      }
      const client = await start()
      const until = anySignal(life.signal, signal)
      try {
        yield* options.watchFiles({ directory, client, signal: until.signal })
      } finally {
        until.release()
      }
    },
    close: async () => await (closing ??= close()),
    [Symbol.asyncDispose]: async () => await (closing ??= close()),
  }

  function assertOpen(isClosing: Promise<void> | null): void {
    if (isClosing !== null) throw closed(directory)
  }
}

const workspaceNames: Names<WorkspaceOptions> = {
  ...runNames,
  folder: true,
  server: true,
  credentials: true,
  userConfig: true,
  serverOptions: true,
  env: true,
  backups: true,
  watchFiles: true,
  closeMs: true,
}

interface Nullable extends Omit<WorkspaceRunOptions, 'sessionId' | 'outputFile'> {
  readonly sessionId?: string | null
  readonly outputFile?: string | null
}

/** Waits for the runs that are being stopped, then ends the server, or at last the way to it. */
async function endRuns(
  runs: Promise<unknown>,
  server: WorkspaceServer | null,
  { clock, closeMs }: { readonly clock: Clock; readonly closeMs: number },
): Promise<void> {
  const over = new AbortController()
  const stopped = runs.finally(() => over.abort())
  const late = clock.sleep(closeMs, { signal: over.signal }).catch(() => undefined)
  await Promise.race([stopped, late])
  // Whoever still asks a server to stop, that may be gone, is answered no more, and ends without that proof.
  await server?.client.close()
  await Promise.all([stopped, server?.own?.close()])
}

function closed(directory: string): TaskError {
  return new TaskError(
    'closed',
    `The workspace ${directory} was closed; make another one of its folder.`,
  )
}

function busy(directory: string): TaskError {
  return new TaskError(
    'busy',
    `The workspace ${directory} cannot be replaced while an agent works in it; wait until its runs are over.`,
  )
}
