import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Client } from '@turnstead/wire'
import { type Clock, longestTimerMs, systemClock } from '../clock.js'
import { TaskError } from '../errors.js'
import type { OpenCodeRunOutput } from '../run-output.js'
import { anySignal } from '../run/any-signal.js'
import { assertServer } from '../run/connection.js'
import { runAgent } from '../run/run-agent.js'
import { assertKnown, type Names } from '../known-options.js'
import { readTaskInput } from '../task-input.js'
import { resolveRunOptions, runNames } from '../task-options.js'
import { busy, createDirectoryWorks } from './directory-works.js'
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
  /** Replaces the directory by the newest backup; rejects with `busy` while runs work in it, or it is replaced. Null when there is no backup. */
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
  assertOptions(options)
  const { clock = systemClock, closeMs = defaultCloseMs } = options
  const folder = resolve(options.folder)
  const folders = { directory: join(folder, 'files'), dataDir: join(folder, 'server') }
  const { directory } = folders
  const life = new AbortController()
  const runs = new Set<Promise<void>>()
  let opened: Promise<WorkspaceServer> | null = null
  let closing: Promise<void> | null = null
  const works = createDirectoryWorks({
    directory,
    backups: options.backups,
    signal: life.signal,
    started: async () => await opened,
  })

  const open = async (): Promise<WorkspaceServer> => {
    await works.still()
    life.signal.throwIfAborted()
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
    options: WorkspaceRunOptions = {},
  ): AsyncGenerator<OpenCodeRunOutput, void, void> {
    assertOpen(closing)
    assertKnown('`run`', options, runOptionNames)
    const { runId = randomUUID(), signal } = options
    const { sessionId = null, outputFile = null } = readTaskInput({ ...options, prompt })
    works.assertStill()
    let done: () => void = () => undefined
    // From here on, so that nothing is replaced below it; until the agent is done, since its last output may never be taken.
    const running = new Promise<void>((settle) => (done = settle))
    const stop = anySignal(life.signal, signal)
    runs.add(running)
    const over = (): void => {
      runs.delete(running)
      done()
    }
    try {
      // A start that fails is the host's to know, with its cause.
      await start()
      const call = { callId: runId, prompt, sessionId, outputFile, signal: stop.signal }
      yield* runAgent(setup, call, over)
    } finally {
      stop.release()
      over()
    }
  }

  const close = async (): Promise<void> => {
    life.abort(closed(directory))
    const server = (await opened?.catch(() => null)) ?? null
    const under = { runs: Promise.all(runs), works: works.over() }
    await endRuns(under, server, { clock, closeMs })
  }

  return {
    directory,
    start,
    run,
    async backup(of = {}) {
      assertOpen(closing)
      return await works.backup(of)
    },
    async restore(of = {}) {
      assertOpen(closing)
      if (runs.size > 0) throw busy(directory)
      return await works.restore(of)
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

const defaultCloseMs = 5_000

/** @throws TypeError, RangeError. */
function assertOptions<Backup, Changes>(options: WorkspaceOptions<Backup, Changes>): void {
  assertKnown('`createWorkspace`', options, workspaceNames)
  if (typeof options.folder !== 'string' || options.folder === '')
    throw new TypeError('`folder` must not be empty')
  const { closeMs = defaultCloseMs, server } = options
  if (server !== undefined) assertServer(server)
  for (const name of ['credentials', 'userConfig', 'serverOptions'] as const) {
    if (server !== undefined && options[name] !== undefined) {
      throw new TypeError(`\`${name}\` is of a server of the workspace's own; \`server\` is given`)
    }
  }
  if (!(typeof closeMs === 'number' && closeMs >= 0 && closeMs <= longestTimerMs)) {
    throw new RangeError(`\`closeMs\` must be from 0 to ${longestTimerMs}`)
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

const runOptionNames: Names<WorkspaceRunOptions> = {
  sessionId: true,
  outputFile: true,
  runId: true,
  signal: true,
}

/** Waits for what is being stopped, then ends the server, or at last the way to it. */
async function endRuns(
  { runs, works }: { readonly runs: Promise<unknown>; readonly works: Promise<unknown> },
  server: WorkspaceServer | null,
  { clock, closeMs }: { readonly clock: Clock; readonly closeMs: number },
): Promise<void> {
  const over = new AbortController()
  const stopped = Promise.all([runs, works]).finally(() => over.abort())
  const late = clock.sleep(closeMs, { signal: over.signal }).catch(() => undefined)
  await Promise.race([stopped, late])
  // Whoever still asks a server to stop, that may be gone, is answered no more, and ends without that proof.
  await server?.client.close()
  await Promise.all([runs, server?.own?.close()])
}

function closed(directory: string): TaskError {
  return new TaskError(
    'closed',
    `The workspace ${directory} was closed; make another one of its folder.`,
  )
}
