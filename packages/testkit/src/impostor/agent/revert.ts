import { filePatch } from '../tools/line-diff.js'
import { listMessages, type SessionRecord } from '../state/records.js'
import { turnDiffs } from './turn-diffs.js'
import { tellSession, type World } from '../state/world.js'

/** What the files of a reverted session held before the revert. */
const undone = new WeakMap<SessionRecord, Map<string, Uint8Array | null>>()

/** Takes back what the turns from a user message on have changed; outside git only the mark is set. */
export function revertSession(world: World, session: SessionRecord, messageID: string): void {
  const ids = listMessages(session).map((message) => message.info.id)
  const from = ids.indexOf(messageID)
  if (from < 0) return
  const diffs = ids.slice(from).flatMap((id) => turnDiffs(world, session, id))
  const kept = new Map<string, Uint8Array | null>()
  const patches: string[] = []
  for (const id of world.settings.git ? ids.slice(from) : []) {
    for (const [path, before] of session.before.get(id) ?? []) {
      if (kept.has(path)) continue
      kept.set(path, world.files.read(path))
      patches.push(filePatch(path, decode(world.files.read(path)), decode(before)))
      restore(world, path, before)
    }
  }
  undone.set(session, kept)
  const additions = diffs.reduce((sum, diff) => sum + Number(diff['additions']), 0)
  const deletions = diffs.reduce((sum, diff) => sum + Number(diff['deletions']), 0)
  session.info = {
    ...session.info,
    revert: {
      messageID,
      ...(world.settings.git ? { snapshot: world.identity.hex(40), diff: patches.join('') } : {}),
    },
    summary: { additions, deletions, files: diffs.length },
  }
  world.bus.publish(session.info.directory, 'session.diff', {
    sessionID: session.info.id,
    diff: diffs,
  })
  tellSession(world, session)
}

/** Puts back what {@link revertSession} took away. */
export function unrevertSession(world: World, session: SessionRecord): void {
  for (const [path, bytes] of undone.get(session) ?? []) restore(world, path, bytes)
  undone.delete(session)
  if (session.info.revert === undefined) return
  const { revert: _revert, ...rest } = session.info
  session.info = rest
  tellSession(world, session)
}

function restore(world: World, path: string, bytes: Uint8Array | null): void {
  if (bytes === null) world.files.remove(path)
  else world.files.write(path, bytes)
}

function decode(bytes: Uint8Array | null): string {
  return bytes === null ? '' : new TextDecoder().decode(bytes)
}
