import type { KnexHistoryStore } from '@turnstead/session/history'
import type { ReplacedTurns } from '../rows/replaced-turns.js'

type History = Pick<KnexHistoryStore, 'newest' | 'keep' | 'read'>
type Entry = Awaited<ReturnType<History['read']>>[number]

/** What a server that lost a conversation is told of it: nothing from the first message on that was replaced. */
export function historyWithoutReplaced(
  history: History,
  replaced: Pick<ReplacedTurns, 'prompts'>,
): History {
  return {
    newest: (conversationId) => history.newest(conversationId),
    keep: (lease, entry) => history.keep(lease, entry),
    async read(conversationId) {
      const entries = await history.read(conversationId)
      return before(await replaced.prompts(Number(conversationId)), entries)
    },
  }
}

function before(promptIds: ReadonlySet<string>, entries: readonly Entry[]): readonly Entry[] {
  const kept: Entry[] = []
  for (const entry of entries) {
    const whole = upTo(promptIds, entry)
    if (whole !== null) kept.push(whole)
    if (whole !== entry) break
  }
  return kept
}

/** The entry itself where nothing of it was replaced; null where nothing is left. */
function upTo(promptIds: ReadonlySet<string>, entry: Entry): Entry | null {
  const own = entry.sessions.find(({ info }) => info['id'] === entry.sessionId)
  if (own === undefined) return entry
  const { messages } = own
  const end = messages.findIndex(({ info }) => promptIds.has(String(info['id'])))
  if (end === -1) return entry
  const newest = messages[end - 1]
  if (newest === undefined) return null
  const left = { ...own, messages: messages.slice(0, end) }
  const sessions = entry.sessions.map((each) => (each === own ? left : each))
  return { ...entry, newestId: String(newest.info['id']), sessions }
}
