import { resolve } from 'node:path'
import type { Clock } from '../../clock.js'
import type { Gates } from '../../gates.js'
import type { Reply } from '../../script/steps.js'
import { summaryOf } from '../../script/summary.js'
import type { AnswerBook } from '../../script/scenario.js'
import { createAsks } from './asks.js'
import { createBus } from './bus.js'
import { createDiskFiles, createMemoryFiles, toAbsolute } from './files.js'
import { createIdentity } from './identity.js'
import { projectOf } from './sessions.js'
import type { World } from './world.js'

/** What an Impostor's world is made of. */
export interface ImpostorWorldOptions {
  /** Seed of ids, slugs and hashes, default 1. */
  readonly seed?: number | string
  /** The first time in records, default 2026-01-01T00:00:00Z. Without effect together with a clock. */
  readonly startMs?: number
  /** Together with `startMs`, see there. */
  readonly clock?: Clock
  /** The server's own directory, default `/workspace`. */
  readonly directory?: string
  /**
   * Further directories that exist, beside `directory`, those that hold files, and those of the machine. In one that does
   * not exist a session can be made, and every prompt fails.
   */
  readonly directories?: readonly string[]
  /** Whether directories are git repositories (snapshots, patch parts, diffs). Default false. */
  readonly git?: boolean
  /** Whether the server takes snapshots; without them user messages have no summary. Default true. */
  readonly snapshot?: boolean
  /** Files that are there from the start, by path relative to `directory` or absolute. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** Where the agent's files are: `memory` (default), or really on `disk`. */
  readonly storage?: 'memory' | 'disk'
  /** The model's provider, default `scripted`. */
  readonly providerId?: string
  /** The default model, default `standard`. */
  readonly modelId?: string
  /** Further models that prompts may name. Default `title`, `think`, `vision`, `small`, `gpt-5-scripted`. */
  readonly models?: readonly string[]
  /** Dollars for a million tokens, default 1 and 2. */
  readonly price?: { readonly input: number; readonly output: number }
  /** The title of sessions that were made without one, default `A scripted title`. */
  readonly title?: string
  /** The summary of a compaction, or how the attempt at one goes. Default `A scripted summary.`. */
  readonly summary?: string | Reply
  /** Further tools that agents have, as MCP servers give them: asked for by their own names, they answer what the step says. Default: none. */
  readonly tools?: readonly string[]
  /** The server's configuration; `permission` has effect. */
  readonly config?: Readonly<Record<string, unknown>>
  /**
   * How many milliseconds pass between the 204 of a prompt and the moment when it is stored, if it has parts that the
   * server makes more of (`file:` addresses, texts in `data:` addresses, agents). The real server takes 30 to 5,000.
   * Default 0: right after the answer.
   */
  readonly expandMs?: number
  /**
   * What the real server does only with `OPENCODE_EXPERIMENTAL_BACKGROUND_SUBAGENTS=true`, and with
   * `OPENCODE_EXPERIMENTAL_PLAN_MODE=true`, in its environment. Default: neither.
   */
  readonly experimental?: { readonly backgroundSubagents?: boolean; readonly planMode?: boolean }
  /**
   * For how many milliseconds of real time a turn waits for an event stream of its directory before it says anything;
   * with one that is open it does not wait. The real server takes about as long to its first delta, so that a client
   * may prompt while it subscribes. Default 90; with a `clock` of your own 0.
   */
  readonly listenerWaitMs?: number
  /** The version that it says it has, default `1.18.33`. */
  readonly version?: string
}

/** Makes a world without sessions. */
export function createWorld(
  options: ImpostorWorldOptions,
  parts: { readonly clock: Clock; readonly gates: Gates; readonly book: AnswerBook },
): World {
  const identity = createIdentity({
    seed: options.seed ?? 1,
    startMs: options.startMs ?? Date.UTC(2026, 0, 1),
    clock: options.clock ?? null,
  })
  const directory = resolve(options.directory ?? '/workspace')
  const files = options.storage === 'disk' ? createDiskFiles() : createMemoryFiles()
  const committed = new Map<string, Uint8Array>()
  for (const [path, content] of Object.entries(options.files ?? {})) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    files.write(toAbsolute(directory, path), bytes)
    committed.set(toAbsolute(directory, path), bytes)
  }
  const world: World = {
    settings: {
      directory,
      directories: (options.directories ?? []).map((each) => resolve(directory, each)),
      git: options.git ?? false,
      snapshot: options.snapshot ?? options.config?.['snapshot'] !== false,
      providerId: options.providerId ?? 'scripted',
      modelId: options.modelId ?? 'standard',
      models: options.models ?? ['title', 'think', 'vision', 'small', 'gpt-5-scripted'],
      price: options.price ?? { input: 1, output: 2 },
      title: options.title ?? 'A scripted title',
      summary: summaryOf(options.summary),
      listenerWaitMs: options.listenerWaitMs ?? (options.clock ? 0 : 90),
      version: options.version ?? '1.18.33',
      tools: options.tools ?? [],
      expandMs: options.expandMs ?? 0,
      experimental: { backgroundSubagents: false, planMode: false, ...options.experimental },
      config: { ...options.config },
    },
    identity,
    clock: parts.clock,
    bus: createBus(identity, (each) => projectOf(world, each)),
    files,
    committed,
    gates: parts.gates,
    book: parts.book,
    sessions: new Map(),
    deleted: new Map(),
    asks: createAsks(),
    answers: new Map(),
    jobs: new Map(),
    stepChanges: new Map(),
    projectSettings: new Map(),
    statuses: new Map(),
    sequence: 0,
    life: 0,
  }
  return world
}

/** Forgets what only the process knew: statuses, pending asks, approvals. */
export function forgetProcess(world: World): void {
  world.statuses.clear()
  world.jobs.clear()
  world.asks.permissions.clear()
  world.asks.questions.clear()
  world.asks.approved.clear()
}
