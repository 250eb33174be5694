import type { Clock } from '../../clock.js'
import type { Gates } from '../../gates.js'
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
  /** Further models that prompts may name. Default `title`, `think`, `small`, `gpt-5-scripted`. */
  readonly models?: readonly string[]
  /** Dollars for a million tokens, default 1 and 2. */
  readonly price?: { readonly input: number; readonly output: number }
  /** The title of sessions that were made without one, default `A scripted title`. */
  readonly title?: string
  /** The summary of a compaction, default `A scripted summary.`. */
  readonly summary?: string
  /** Further tools that agents have, as MCP servers give them: asked for by their own names, they answer what the step says. Default: none. */
  readonly tools?: readonly string[]
  /** The server's configuration; `permission` has effect. */
  readonly config?: Readonly<Record<string, unknown>>
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
  const directory = options.directory ?? '/workspace'
  const files = options.storage === 'disk' ? createDiskFiles() : createMemoryFiles()
  for (const [path, content] of Object.entries(options.files ?? {})) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    files.write(toAbsolute(directory, path), bytes)
  }
  const world: World = {
    settings: {
      directory,
      git: options.git ?? false,
      snapshot: options.snapshot ?? true,
      providerId: options.providerId ?? 'scripted',
      modelId: options.modelId ?? 'standard',
      models: options.models ?? ['title', 'think', 'small', 'gpt-5-scripted'],
      price: options.price ?? { input: 1, output: 2 },
      title: options.title ?? 'A scripted title',
      summary: options.summary ?? 'A scripted summary.',
      version: options.version ?? '1.18.33',
      tools: options.tools ?? [],
      config: { ...options.config },
    },
    identity,
    clock: parts.clock,
    bus: createBus(identity, (each) => projectOf(world, each)),
    files,
    gates: parts.gates,
    book: parts.book,
    sessions: new Map(),
    deleted: new Map(),
    asks: createAsks(),
    answers: new Map(),
    statuses: new Map(),
    sequence: 0,
    life: 0,
  }
  return world
}

/** Forgets what only the process knew: statuses, pending asks, approvals. */
export function forgetProcess(world: World): void {
  world.statuses.clear()
  world.asks.permissions.clear()
  world.asks.questions.clear()
  world.asks.approved.clear()
}
