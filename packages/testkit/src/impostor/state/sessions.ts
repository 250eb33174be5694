import type { PermissionRule } from './permission-rules.js'
import {
  listMessages,
  noTokens,
  type Json,
  type Part,
  type SessionInfo,
  type SessionRecord,
} from './records.js'
import { countStep } from './remove-messages.js'
import { tellSession, type World } from './world.js'

/** Options of a new session. */
export interface NewSession {
  readonly title?: string
  readonly parentID?: string
  readonly agent?: string
  readonly model?: { id: string; providerID: string; variant?: string }
  readonly metadata?: Json
  readonly permission?: readonly PermissionRule[]
  readonly workspaceID?: string
}

const projects = new WeakMap<World, Map<string, string>>()

/** The id of a directory's project: a hash in a git repository, else `global`. */
export function projectOf(world: World, directory: string): string {
  if (!world.settings.git) return 'global'
  const known = projects.get(world) ?? new Map<string, string>()
  projects.set(world, known)
  const id = known.get(directory) ?? world.identity.hex(40)
  known.set(directory, id)
  return id
}

/** Makes a session and tells of it. */
export function createSession(world: World, directory: string, input: NewSession): SessionRecord {
  const now = world.identity.stamp()
  const kind = input.parentID === undefined ? 'New' : 'Child'
  const info: SessionInfo = {
    id: world.identity.id('ses'),
    slug: world.identity.slug(),
    version: world.settings.version,
    projectID: projectOf(world, directory),
    directory,
    path: world.settings.git ? '' : directory.replace(/^\//u, ''),
    ...(input.parentID === undefined ? {} : { parentID: input.parentID }),
    title: input.title ?? `${kind} session - ${new Date(now).toISOString()}`,
    ...(input.agent === undefined ? {} : { agent: input.agent }),
    ...(input.model === undefined ? {} : { model: input.model }),
    ...(input.metadata === undefined ? {} : { metadata: input.metadata }),
    ...(input.permission === undefined ? {} : { permission: input.permission }),
    ...(input.workspaceID === undefined ? {} : { workspaceID: input.workspaceID }),
    cost: 0,
    tokens: noTokens(),
    time: { created: now, updated: now },
  }
  const session: SessionRecord = {
    info,
    messages: new Map(),
    todos: [],
    runRules: null,
    run: null,
    before: new Map(),
  }
  world.sessions.set(info.id, session)
  world.bus.publish(directory, 'session.created', { sessionID: info.id, info })
  return session
}

/** Whether a title was made by the server, so that the model may replace it. */
export function hasDefaultTitle(session: SessionRecord): boolean {
  return /^(New|Child) session - \d{4}-/u.test(session.info.title)
}

/** Sessions whose parent is this one. */
export function childrenOf(world: World, id: string): readonly SessionRecord[] {
  return [...world.sessions.values()].filter((session) => session.info.parentID === id)
}

/** Deletes a session and its children, children first. A run goes on, as on the server, until it is aborted. */
export function deleteSession(world: World, session: SessionRecord): void {
  for (const child of childrenOf(world, session.info.id)) deleteSession(world, child)
  world.sessions.delete(session.info.id)
  if (session.run) world.deleted.set(session.info.id, session)
  world.bus.publish(session.info.directory, 'session.deleted', {
    sessionID: session.info.id,
    info: session.info,
  })
}

/** Changes a session as `PATCH` does: one event for each thing that changed. */
export function patchSession(
  world: World,
  session: SessionRecord,
  patch: {
    readonly title?: string
    readonly metadata?: Json
    readonly permission?: readonly PermissionRule[]
    readonly archived?: number
  },
): void {
  if (patch.title !== undefined) {
    session.info = { ...session.info, title: patch.title }
    tellSession(world, session, false)
  }
  if (patch.metadata !== undefined) {
    session.info = { ...session.info, metadata: patch.metadata }
    tellSession(world, session)
  }
  if (patch.permission !== undefined) {
    const permission = [...(session.info.permission ?? []), ...patch.permission]
    session.info = { ...session.info, permission }
    tellSession(world, session)
  }
  if (patch.archived !== undefined) {
    session.info = { ...session.info, time: { ...session.info.time, archived: patch.archived } }
    tellSession(world, session, false)
  }
}

/** A fork of a fork counts on; two forks of the same have the same number. */
function titleOfFork(title: string): string {
  const [, base, number] = /^(.+) \(fork #(\d+)\)$/su.exec(title) ?? [null, title, 0]
  return `${base} (fork #${Number(number) + 1})`
}

/**
 * Copies a session's messages before `messageId` (all without it, or when it is unknown) into a new session, and gives it
 * as it was before anything was copied. Null when the server breaks off, and leaves a copy of what was before: at a
 * message with a `format`.
 */
export function forkSession(
  world: World,
  session: SessionRecord,
  messageId: string | null,
): SessionInfo | null {
  const fork = createSession(world, session.info.directory, {
    title: titleOfFork(session.info.title),
    ...(session.info.metadata === undefined ? {} : { metadata: session.info.metadata }),
  })
  const made = fork.info
  const renamed = new Map<string, string>()
  for (const message of listMessages(session)) {
    if (message.info.id === messageId) break
    if (message.info['format'] !== undefined) return null
    const id = world.identity.id('msg')
    renamed.set(message.info.id, id)
    const parentID =
      message.info.parentID === undefined ? undefined : renamed.get(message.info.parentID)
    const info = {
      ...message.info,
      id,
      sessionID: fork.info.id,
      ...(parentID === undefined ? {} : { parentID }),
    }
    world.sequence += 1
    const parts = new Map<string, Part>()
    fork.messages.set(id, { info, parts, storedAt: world.sequence })
    world.bus.publish(fork.info.directory, 'message.updated', { sessionID: fork.info.id, info })
    for (const part of [...message.parts.values()].toSorted((one, other) =>
      one.id < other.id ? -1 : 1,
    )) {
      const copy = { ...part, id: world.identity.id('prt'), messageID: id, sessionID: fork.info.id }
      parts.set(copy.id, copy)
      countStep(fork, copy, 1)
      world.bus.publish(fork.info.directory, 'message.part.updated', {
        sessionID: fork.info.id,
        part: copy,
        time: world.identity.stamp(),
      })
    }
  }
  return made
}
