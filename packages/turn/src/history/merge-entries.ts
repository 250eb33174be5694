import type { HistoryEntry, HistorySession } from '../ports/history.js'

/** The sessions of a conversation as the last server had them, sub-agents' first: who finds the conversation's own finds all. */
export function mergeEntries(entries: readonly HistoryEntry[]): readonly HistorySession[] {
  const merged = new Map<string, { info: HistorySession['info']; messages: Map<string, Message> }>()
  for (const { info, messages } of entries.flatMap(({ sessions }) => sessions)) {
    const id = idOf(info)
    const session = merged.get(id) ?? { info, messages: new Map<string, Message>() }
    merged.set(id, session)
    session.info = info
    for (const message of messages) session.messages.set(idOf(message.info), message)
  }
  const rootId = entries.at(-1)?.sessionId
  return [...merged.entries()]
    .toSorted(([one], [other]) => Number(one === rootId) - Number(other === rootId))
    .map(([, { info, messages }]) => ({ info, messages: [...messages.values()] }))
}

type Message = HistorySession['messages'][number]

/** The id of a session, a message or a part. */
export function idOf(record: Readonly<Record<string, unknown>>): string {
  return String(record['id'])
}
