import { listMessages, type MessageRecord, type SessionRecord } from '../state/records.js'

/** What a model is shown of a session: all from its last summary on, up to a message. */
export function sinceSummary(
  session: SessionRecord,
  end: MessageRecord | null = null,
): readonly MessageRecord[] {
  const all = listMessages(session)
  const before = end === null ? all : all.slice(0, all.indexOf(end))
  const summary = before.findLast(
    ({ info }) => info.summary === true && info.finish !== undefined && info.error === undefined,
  )
  const asked = before.findIndex(({ info }) => info.id === summary?.info.parentID)
  return before.slice(Math.max(0, asked))
}

/** Kinds of files that reach a model, or are replaced by words about them. */
const told = /^(image|audio|video|text)\/|^application\/(pdf|x-directory)$/u

/** The type of a file among these messages that no model takes: every turn fails as long as it is among them. */
export function untoldType(session: SessionRecord): string | null {
  const files = sinceSummary(session).flatMap(({ info, parts }) =>
    info.role === 'user' ? [...parts.values()].filter((part) => part.type === 'file') : [],
  )
  const found = files.find((part) => !told.test(String(part['mime'])))
  return found ? String(found['mime']) : null
}
