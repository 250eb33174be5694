import type { Clock } from '../../clock.js'
import type { Gates } from '../../gates.js'
import type { ModelCall } from '../../script/plan.js'
import type { Reply } from '../../script/steps.js'
import type { AnswerBook } from '../../script/scenario.js'
import type { Asks } from './asks.js'
import type { Bus } from './bus.js'
import type { Files } from './files.js'
import type { Identity } from './identity.js'
import type { Json, MessageRecord, Part, SessionRecord } from './records.js'

/** Names and switches that do not change while an Impostor lives. */
export interface WorldSettings {
  /** The directory of requests that name none. */
  readonly directory: string
  /** Further directories that exist. */
  readonly directories: readonly string[]
  /** Whether directories are git repositories: snapshots, patch parts and diffs exist only there. */
  readonly git: boolean
  /** Whether the server takes snapshots; without them user messages have no summary. */
  readonly snapshot: boolean
  readonly providerId: string
  readonly modelId: string
  /** Further models that prompts may name. */
  readonly models: readonly string[]
  /** Dollars for a million tokens. */
  readonly price: { readonly input: number; readonly output: number }
  readonly title: string
  readonly summary: Reply
  readonly version: string
  /** For how long a turn that nobody listens to waits before it says anything. */
  readonly listenerWaitMs: number
  /** How long parts take that the server makes more of. */
  readonly expandMs: number
  /** What the server does only when its environment asks for it. */
  readonly experimental: { readonly backgroundSubagents: boolean; readonly planMode: boolean }
  /** Further tools, as MCP servers give them. */
  readonly tools: readonly string[]
  /** The server's configuration, as far as it matters. */
  readonly config: Json
}

/** How far a prompt's answer has been played. */
export interface PlannedAnswer {
  readonly calls: readonly ModelCall[]
  /** Attempts used, by call. */
  readonly attempts: Map<number, number>
}

/** A file before and after a step; null where there is none. */
export interface StepChange {
  readonly before: Uint8Array | null
  readonly after: Uint8Array | null
}

/** A sub-agent at work, by the id of its session. */
export interface RunningTask {
  readonly parentId: string
  /** What it was asked for meanwhile. */
  readonly more: (() => Promise<string>)[]
  /** Lets the parent go on without it; null when it does already. */
  promote: (() => void) | null
}

/** Everything an Impostor knows; the engine reads and changes it, the HTTP shell only calls the engine. */
export interface World {
  readonly settings: WorldSettings
  readonly identity: Identity
  readonly clock: Clock
  readonly bus: Bus
  readonly files: Files
  /** What the repository holds: the files that were there from the start. */
  readonly committed: ReadonlyMap<string, Uint8Array>
  readonly gates: Gates
  readonly book: AnswerBook
  readonly sessions: Map<string, SessionRecord>
  /** Deleted sessions whose run goes on: an abort still reaches it. */
  readonly deleted: Map<string, SessionRecord>
  readonly asks: Asks
  /** Answers by the id of the user message that they are for. */
  readonly answers: Map<string, PlannedAnswer>
  /** Sub-agents at work, by the ids of their sessions. */
  readonly jobs: Map<string, RunningTask>
  /** What steps did to files, by the hash of their `patch` parts, which forks copy. */
  readonly stepChanges: Map<string, ReadonlyMap<string, StepChange>>
  /** What projects were called, by id. */
  readonly projectSettings: Map<string, Json>
  /** Statuses by session id; idle sessions are absent. A deleted session can still be here. */
  readonly statuses: Map<string, { readonly directory: string; readonly status: Json }>
  /** Counts up with every stored record. */
  sequence: number
  /** Rises when the server dies; runs of an older life stop without a word. */
  life: number
}

/** The root that the server names for a directory. */
export function worktreeOf(world: World, directory: string): string {
  return world.settings.git ? directory : '/'
}

/** Whether steps have snapshots and patches: in git, and only where they are wanted. */
export function takesSnapshots({ settings }: World): boolean {
  return settings.git && settings.snapshot
}

/** Stores a message and tells of it. */
export function putMessage(
  world: World,
  session: SessionRecord,
  info: MessageRecord['info'],
): MessageRecord {
  const existing = session.messages.get(info.id)
  if (existing) existing.info = info
  else {
    world.sequence += 1
    session.messages.set(info.id, { info, parts: new Map(), storedAt: world.sequence })
  }
  tellMessage(world, session, info)
  const stored = session.messages.get(info.id)
  if (!stored) throw new TypeError(`message ${info.id} was not stored`)
  return stored
}

/** Sends `message.updated`. */
export function tellMessage(
  world: World,
  session: SessionRecord,
  info: MessageRecord['info'],
): void {
  world.bus.publish(session.info.directory, 'message.updated', { sessionID: session.info.id, info })
}

/** Stores a part and tells of it. */
export function putPart(world: World, session: SessionRecord, part: Part): void {
  session.messages.get(part.messageID)?.parts.set(part.id, part)
  world.bus.publish(session.info.directory, 'message.part.updated', {
    sessionID: session.info.id,
    part,
    time: world.identity.stamp(),
  })
}

/** Sends a piece of a text that is not stored before its part ends. */
export function tellDelta(world: World, session: SessionRecord, part: Part, delta: string): void {
  world.bus.publish(session.info.directory, 'message.part.delta', {
    sessionID: session.info.id,
    messageID: part.messageID,
    partID: part.id,
    field: 'text',
    delta,
  })
}

/** Sends `session.updated`; `touch` moves its time on. */
export function tellSession(world: World, session: SessionRecord, touch = true): void {
  if (touch) session.info.time = { ...session.info.time, updated: world.identity.stamp() }
  world.bus.publish(session.info.directory, 'session.updated', {
    sessionID: session.info.id,
    info: session.info,
  })
}

/** Sets and sends a status; idle is also said by `session.idle`. */
export function setStatus(world: World, session: SessionRecord, status: Json): void {
  const { id: sessionID, directory } = session.info
  if (status['type'] === 'idle') world.statuses.delete(sessionID)
  else world.statuses.set(sessionID, { directory, status })
  world.bus.publish(directory, 'session.status', { sessionID, status })
  if (status['type'] === 'idle') world.bus.publish(directory, 'session.idle', { sessionID })
}

/** Sends `session.error`. */
export function tellError(world: World, session: SessionRecord, error: Json): void {
  world.bus.publish(session.info.directory, 'session.error', { sessionID: session.info.id, error })
}
