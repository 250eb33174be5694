import { unexpected, type Call, type Outcome } from '../http/outcome.js'
import type { SessionRecord } from '../state/records.js'
import { projectOf } from '../state/sessions.js'
import { worktreeOf } from '../state/world.js'

/** So many sessions the server lists when it is not asked for another number. */
const defaultLimit = 100

/** The sessions of a directory or of its project, newest first. */
export function listSessions(call: Call): readonly SessionRecord[] {
  const { world, query } = call
  const project = projectOf(world, call.directory)
  const path = query.get('path')
  const isWholeProject =
    !query.get('directory') || query.get('scope') === 'project' || path !== null
  const found = fitting(call)
    .filter(({ info }) => info.projectID === project)
    .filter(({ info }) => isWholeProject || info.directory === call.directory)
    .filter(({ info }) => !path || info.path === path || isLike(info.path, `${path}/%`))
    .toSorted(
      (one, other) =>
        other.info.time.updated - one.info.time.updated || (one.info.id < other.info.id ? -1 : 1),
    )
  const limit = limitOf(call)
  // A negative limit is none, as in the server's database.
  return limit < 0 ? found : found.slice(0, limit)
}

/** The sessions of all projects, newest first, with where to go on. */
export function listAllSessions(call: Call): Outcome {
  const { world, query } = call
  const cursor = Number(query.get('cursor'))
  const found = fitting(call)
    .filter(({ info }) => !query.get('directory') || info.directory === call.directory)
    .filter(({ info }) => query.get('archived') === 'true' || info.time.archived === undefined)
    .filter(({ info }) => !(cursor > 0) || info.time.updated < cursor)
    .toSorted(
      (one, other) =>
        other.info.time.updated - one.info.time.updated || (one.info.id < other.info.id ? 1 : -1),
    )
  const limit = limitOf(call)
  // The server asks its database for one more than it shows.
  const read = limit + 1 < 0 ? found : found.slice(0, limit + 1)
  const shown = read.length > limit ? read.slice(0, limit) : read
  const last = read.length > limit ? shown.at(-1) : undefined
  return {
    status: 200,
    ...(last ? { headers: { 'x-next-cursor': String(last.info.time.updated) } } : {}),
    json: shown.map(({ info }) => {
      const worktree = worktreeOf(world, info.directory)
      return { ...info, project: { id: info.projectID, worktree } }
    }),
  }
}

/** What both lists leave out alike. */
function fitting({ query, world }: Call): readonly SessionRecord[] {
  const search = query.get('search')
  const start = Number(query.get('start'))
  return [...world.sessions.values()]
    .filter(({ info }) => query.get('roots') !== 'true' || info.parentID === undefined)
    .filter(({ info }) => !search || isLike(info.title, `%${search}%`))
    .filter(({ info }) => !(start > 0) || info.time.updated >= start)
}

/** As SQLite compares: `%` is any text, `_` any character, and the case of ASCII letters alone does not matter. */
function isLike(text: string, pattern: string): boolean {
  const lower = (value: string): string =>
    value.replaceAll(/[A-Z]/gu, (letter) => letter.toLowerCase())
  const source = lower(pattern)
    .replaceAll(/[\\^$.*+?()[\]{}|]/gu, String.raw`\$&`)
    .replaceAll('%', '.*')
    .replaceAll('_', '.')
  return new RegExp(`^${source}$`, 'su').test(lower(text))
}

function limitOf({ query, world }: Call): number {
  const limit = Number(query.get('limit') ?? Number.NaN)
  if (Number.isFinite(limit) && !Number.isInteger(limit)) throw unexpected(world)
  return Number.isNaN(limit) ? defaultLimit : limit
}
