import { relative } from 'node:path'
import { diffLines, filePatch } from '../tools/line-diff.js'
import type { Json, MessageRecord, SessionRecord } from '../state/records.js'
import {
  takesSnapshots,
  tellMessage,
  tellSession,
  type StepChange,
  type World,
} from '../state/world.js'

/** Remembers what a file held before the turn of `userId` changed it. */
export function rememberFile(
  world: World,
  session: SessionRecord,
  userId: string,
  path: string,
): void {
  const files = session.before.get(userId) ?? new Map<string, Uint8Array | null>()
  session.before.set(userId, files)
  if (!files.has(path)) files.set(path, world.files.read(path))
}

/** What the turn of a user message changed, as the server shows it; always empty outside git. */
export function turnDiffs(world: World, session: SessionRecord, userId: string): readonly Json[] {
  if (!takesSnapshots(world)) return []
  const changed = [...(session.before.get(userId) ?? [])].map(
    ([path, before]) => [path, { before, after: world.files.read(path) }] as const,
  )
  return showDiffs(session, new Map(changed))
}

/** Changes of files as the server shows them, in the order of git. */
export function showDiffs(
  session: SessionRecord,
  changes: ReadonlyMap<string, StepChange>,
): readonly Json[] {
  const decode = (bytes: Uint8Array | null): string =>
    bytes ? new TextDecoder().decode(bytes) : ''
  const sorted = [...changes].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return sorted.flatMap(([path, { after, before }]) => {
    const [old, fresh] = [decode(before), decode(after)]
    if (old === fresh) return []
    const file = relative(session.info.directory, path)
    const { additions, deletions } = diffLines(old, fresh)
    const status = before === null ? 'added' : after === null ? 'deleted' : 'modified'
    const patch = filePatch(file, old, fresh, { tab: '\t', context: Infinity })
    return [{ file, patch, additions, deletions, status }]
  })
}

/** The server's background job: the session's and the user message's summaries, reported late. */
export function tellSummaries(world: World, session: SessionRecord, user: MessageRecord): void {
  session.info = { ...session.info, summary: { additions: 0, deletions: 0, files: 0 } }
  tellSession(world, session)
  world.bus.publish(session.info.directory, 'session.diff', {
    sessionID: session.info.id,
    diff: [],
  })
  // A prompt that only started a sub-agent is not summed up.
  const isSubtask = [...user.parts.values()].some((part) => part.type === 'subtask')
  if (!world.settings.snapshot || isSubtask) return
  user.info = { ...user.info, summary: { diffs: turnDiffs(world, session, user.info.id) } }
  tellMessage(world, session, user.info)
}
