import { nested, number, string } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { sameJson } from '../records/json-value.js'
import { diffsOf, readProcess, withEntry } from '../records/workspace.js'
import type { Process, Workspace } from '../records/workspace.js'
import { hasMovedOn } from '../tracking/membership.js'
import { sessionOf } from '../state/state.js'
import type { ReplyState } from '../state/state.js'

type Handler = (state: ReplyState, properties: Fields, eventId: string | null) => void

/** What the server tells of its directory. Only terminals have an order that counts; the rest is the same when repeated. */
export const workspaceHandlers: Readonly<Record<string, Handler>> = {
  'session.diff': (state, properties) => {
    if (sessionOf(state, properties) === state.root && !hasMovedOn(state))
      noteDiffs(state, properties, 'diff')
  },
  'file.edited': (state, properties) => {
    const path = string(properties, 'file')
    if (path === null) return
    change(state, { edited: withEntry(state.workspace.edited, path, (each) => each) })
  },
  'file.watcher.updated': (state, properties, eventId) => {
    const path = string(properties, 'file')
    const event = string(properties, 'event')
    if (path === null || event === null || !state.fileEvents.accept(eventId)) return
    const { changed } = state.workspace
    change(state, { changed: withEntry(changed, Object.freeze({ path, event }), pathOf) })
  },
  'lsp.client.diagnostics': (state, properties) => {
    const path = string(properties, 'path')
    const server = string(properties, 'serverID')
    if (path === null || server === null) return
    const { diagnostics } = state.workspace
    const entry = Object.freeze({ path, server })
    change(state, { diagnostics: withEntry(diagnostics, entry, (each) => JSON.stringify(each)) })
  },
  'pty.created': showProcess,
  'pty.updated': showProcess,
  'pty.exited': (state, properties, eventId) =>
    endProcess(state, properties, eventId, number(properties, 'exitCode')),
  'pty.deleted': (state, properties, eventId) => endProcess(state, properties, eventId, null),
}

/** Takes up what a turn changed, by an event or by the user message. */
export function noteDiffs(state: ReplyState, fields: Fields, name: string): void {
  const diffs = diffsOf(fields, name)
  if (diffs !== null) change(state, { diffs })
}

function showProcess(state: ReplyState, properties: Fields, eventId: string | null): void {
  const process = readProcess(nested(properties, 'info'))
  if (process !== null) setProcess(state, process, eventId)
}

function endProcess(
  state: ReplyState,
  properties: Fields,
  eventId: string | null,
  exitCode: number | null,
): void {
  const id = string(properties, 'id')
  const known = state.workspace.processes.find((each) => each.id === id)
  if (known === undefined) return
  const ended = { ...known, status: 'exited', exitCode: exitCode ?? known.exitCode } as const
  setProcess(state, Object.freeze(ended), eventId)
}

function setProcess(state: ReplyState, process: Process, eventId: string | null): void {
  if (!state.processEvents.accept(eventId)) return
  const { processes } = state.workspace
  // An id is given once: what has exited does not run again.
  const known = processes.find(({ id }) => id === process.id)
  if (known?.status === 'exited' && process.status === 'running') return
  change(state, { processes: withEntry(processes, process, ({ id }) => id) })
}

function pathOf({ path }: { readonly path: string }): string {
  return path
}

/** Nothing that happens in the directory after the turn is of it. */
function change(state: ReplyState, next: Partial<Workspace>): void {
  if (state.closed) return
  const workspace: Workspace = Object.freeze({ ...state.workspace, ...next })
  if (sameJson(workspace, state.workspace)) return
  state.workspace = workspace
  state.feed.announce(() => ({ type: 'workspace-changed', workspace: next }))
}
