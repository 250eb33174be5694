import { relative } from 'node:path'
import { diffLines, filePatch } from '../tools/line-diff.js'
import type { Json, MessageRecord, SessionRecord } from '../state/records.js'
import { takesSnapshots, tellMessage, tellSession, type World } from '../state/world.js'

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
  const decode = (bytes: Uint8Array | null): string =>
    bytes ? new TextDecoder().decode(bytes) : ''
  const changed = [...(session.before.get(userId) ?? [])]
  // As git prints them.
  const sorted = changed.toSorted(([one], [other]) => (one < other ? -1 : 1))
  return sorted.flatMap(([path, before]) => {
    const after = world.files.read(path)
    const [old, fresh] = [decode(before), decode(after)]
    if (old === fresh) return []
    const file = relative(session.info.directory, path)
    const { additions, deletions } = diffLines(old, fresh)
    const status = before === null ? 'added' : after === null ? 'deleted' : 'modified'
    return [
      {
        file,
        patch: filePatch(file, old, fresh, { tab: '\t', context: Infinity }),
        additions,
        deletions,
        status,
      },
    ]
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
  if (!world.settings.snapshot) return
  user.info = { ...user.info, summary: { diffs: turnDiffs(world, session, user.info.id) } }
  tellMessage(world, session, user.info)
}
