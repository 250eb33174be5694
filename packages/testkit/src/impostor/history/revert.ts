import { filePatch } from '../tools/line-diff.js'
import { listMessages, showMessage, type Part, type SessionRecord } from '../state/records.js'
import { removeMessage, removePart } from '../state/remove-messages.js'
import { showDiffs } from './turn-diffs.js'
import { takesSnapshots, tellSession, type StepChange, type World } from '../state/world.js'

/** What the files of a reverted session held before the revert. */
const undone = new WeakMap<SessionRecord, Map<string, Uint8Array | null>>()

/** Where a revert begins: the message, or one of its parts. */
function pointOf(
  session: SessionRecord,
  messageID: string,
  partID: string | null,
): { readonly messageID: string; readonly partID?: string } | null {
  let lastUser: string | null = null
  for (const message of listMessages(session)) {
    const { id, role } = message.info
    if (role === 'user') lastUser = id
    const { parts } = showMessage(message)
    // A message without parts is not found.
    if (partID === null && id === messageID && parts.length > 0)
      return { messageID: lastUser ?? id }
    const index = partID === null ? -1 : parts.findIndex((part) => part.id === partID)
    if (index < 0 || partID === null) continue
    // Without anything to keep before the part, the whole turn goes.
    const keepsSomething = parts
      .slice(0, index)
      .some((part) => part.type === 'text' || part.type === 'tool')
    return keepsSomething ? { messageID: id, partID } : { messageID: lastUser ?? id }
  }
  return null
}

/** The `patch` parts from a message on, or behind one of its parts, oldest first. */
function patchesFrom(
  session: SessionRecord,
  from: { readonly messageID: string; readonly partID: string | null },
): readonly Part[] {
  const messages = listMessages(session).map(showMessage)
  const first = messages.findIndex(({ info, parts }) =>
    from.partID === null
      ? info.id === from.messageID
      : parts.some((part) => part.id === from.partID),
  )
  return messages.slice(first).flatMap(({ parts }, index) => {
    const start = index === 0 ? parts.findIndex((part) => part.id === from.partID) + 1 : 0
    return parts.slice(start).filter((part) => part.type === 'patch')
  })
}

/** What steps have done to files together: each as it was before the first, and as it was after the last. */
function changesOf(world: World, patches: readonly Part[]): ReadonlyMap<string, StepChange> {
  const changes = new Map<string, StepChange>()
  for (const patch of patches) {
    for (const [path, step] of world.stepChanges.get(String(patch['hash'])) ?? []) {
      const before = changes.get(path)?.before
      changes.set(path, { before: before === undefined ? step.before : before, after: step.after })
    }
  }
  return changes
}

/** Takes back what the steps from a message or part on have changed; outside git only the mark is set. */
export function revertSession(
  world: World,
  session: SessionRecord,
  messageID: string,
  partID: string | null,
): void {
  const point = pointOf(session, messageID, partID)
  if (point === null) return
  // A second revert begins where the first one began.
  for (const [path, bytes] of undone.get(session) ?? []) restore(world, path, bytes)
  const kept = new Map<string, Uint8Array | null>()
  const patches: string[] = []
  for (const [path, { before }] of changesOf(world, patchesFrom(session, { messageID, partID }))) {
    kept.set(path, world.files.read(path))
    patches.push(filePatch(path, decode(world.files.read(path)), decode(before)))
    restore(world, path, before)
  }
  undone.set(session, kept)
  const whole = patchesFrom(session, { messageID: point.messageID, partID: null })
  const diffs = showDiffs(session, changesOf(world, whole))
  const additions = diffs.reduce((sum, diff) => sum + Number(diff['additions']), 0)
  const deletions = diffs.reduce((sum, diff) => sum + Number(diff['deletions']), 0)
  const snapshot = session.info.revert?.['snapshot'] ?? world.identity.hex(40)
  session.info = {
    ...session.info,
    revert: { ...point, ...(takesSnapshots(world) ? { snapshot, diff: patches.join('') } : {}) },
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

/** The next prompt makes a revert final: what was reverted is removed. */
export function cleanUpRevert(world: World, session: SessionRecord): void {
  const { revert, ...rest } = session.info
  if (revert === undefined) return
  const { messageID, partID } = revert
  const messages = listMessages(session)
  for (const { info } of messages) {
    const isKept = info.id < String(messageID) || (info.id === messageID && partID !== undefined)
    if (!isKept) removeMessage(world, session, info.id)
  }
  const cut = messages.find(({ info }) => info.id === messageID)
  if (cut && partID !== undefined) {
    const parts = showMessage(cut).parts.map((part) => part.id)
    for (const each of parts.slice(Math.max(0, parts.indexOf(String(partID)))))
      removePart(world, session, cut, { messageID: cut.info.id, partID: each })
  }
  undone.delete(session)
  const { cost, tokens } = session.info
  session.info = { ...rest, cost, tokens }
  tellSession(world, session)
}

function restore(world: World, path: string, bytes: Uint8Array | null): void {
  if (bytes === null) world.files.remove(path)
  else world.files.write(path, bytes)
}

function decode(bytes: Uint8Array | null): string {
  return bytes === null ? '' : new TextDecoder().decode(bytes)
}
