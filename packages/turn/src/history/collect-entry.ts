import { WireError } from '@turnstead/wire'
import type { HistoryEntry, HistorySession, ServerRecord } from '../ports/history.js'
import type { RunHistory } from '../seen/run-history.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import { idOf } from './merge-entries.js'

const largestPage = 4_096

/** Null when there is nothing to keep. */
export async function collectEntry(
  run: TurnRun,
  history: RunHistory,
  { sessionId, until }: { readonly sessionId: string; readonly until: 'end' | 'step' },
): Promise<HistoryEntry | null> {
  const { client } = run.server
  const limits = requestLimits(run, new AbortController().signal)
  const base = baseOf(run, history, sessionId)
  const info = asRecord(await client.session.get(sessionId, limits))
  const place = {
    position: base.position,
    turnId: run.setup.turnId,
    sessionId,
    updatedAt: updatedAt(info),
    server: run.setup.serverName,
  }
  let previousId = base.newestId
  try {
    const read = (since: string | null): ReturnType<typeof rootMessages> =>
      rootMessages(run, history, { sessionId, since })
    const all = await read(previousId).catch((error: unknown) => {
      if (!(error instanceof MissingMessage && error.isGone)) throw error
      // It was removed while no turn ran: the whole session takes the place of what was kept.
      previousId = null
      return read(previousId)
    })
    const messages = until === 'end' ? settledMessages(run, all) : endedMessages(all)
    const newest = messages.at(-1)
    if (newest === undefined) return null
    const children = await subAgentSessions(run, history)
    const sessions = [
      { info, messages },
      ...(until === 'end' ? children : endedSessions(run, messages, children)),
    ]
    return { ...place, previousId, newestId: idOf(newest.info), lacks: null, sessions }
  } catch (error) {
    if (!isUnreadable(error)) throw error
    // Restored without this turn the agent would have forgotten it in silence.
    run.setup.report(error, 'history')
    const newestId = run.delivery.prompt?.id ?? ''
    return { ...place, previousId, newestId, lacks: String(error), sessions: [] }
  }
}

/** The server cannot write down a message of the session, such as a prompt with a `format`, nor will it later. */
function isUnreadable(error: unknown): boolean {
  if (error instanceof MissingMessage) return true
  return WireError.is(error) && ['unreadable_entry', 'response_too_large'].includes(error.code)
}

class MissingMessage extends Error {
  /** All of the session was read, and it is not there. */
  readonly isGone: boolean

  constructor(sessionId: string, since: string, reached: string) {
    super(
      `What came after the message ${since} cannot be read from the session ${sessionId} (${reached}).`,
    )
    this.isGone = reached === 'start'
  }
}

/** What the entry goes on from. A turn that is kept a second time takes the place of its first entry. */
function baseOf(
  { setup }: TurnRun,
  { head, seen }: RunHistory,
  sessionId: string,
): { readonly position: number; readonly newestId: string | null } {
  if (head === null) return { position: 0, newestId: null }
  const isOwn = String(head.turnId) === String(setup.turnId)
  const position = isOwn ? head.position : head.position + 1
  // What was removed since is still in the entries before: the whole session takes their place.
  if (head.sessionId !== sessionId || seen.hasShrunk) return { position, newestId: null }
  return { position, newestId: isOwn ? head.previousId : head.newestId }
}

/** The messages after one that is kept; all of them where none is. */
async function rootMessages(
  run: TurnRun,
  { seen }: RunHistory,
  { sessionId, since }: { readonly sessionId: string; readonly since: string | null },
): Promise<HistorySession['messages']> {
  const known = seen.of(sessionId)
  const older = seen.olderThan(sessionId)
  const at = known.findIndex(({ info }) => idOf(info) === since)
  // What was read goes back to what is kept, so nothing is between.
  if (at >= 0) return known.slice(at + 1)
  if (known.length > 0 && since === null && older === null) return known
  const limits = requestLimits(run, new AbortController().signal)
  const { message, session } = run.server.client
  if (since === null) return asMessages(await session.messages(sessionId, {}, limits))
  if (known.length === 0 || typeof older !== 'string') {
    const { messages, reached } = await message.newest(
      sessionId,
      { limit: largestPage, backTo: since },
      limits,
    )
    return after(since, asMessages(messages)) ?? missing(sessionId, since, reached)
  }
  let between: HistorySession['messages'] = []
  let before: string | null = older
  // As a rule it is the one before.
  for (let limit = 1; before !== null && limit <= largestPage; limit *= 4) {
    const page: Page = await message.page(sessionId, { limit, before }, limits)
    between = [...asMessages(page.messages), ...between]
    before = page.nextCursor
    const rest = after(since, between)
    if (rest !== null) return [...rest, ...known]
  }
  return missing(sessionId, since, before === null ? 'start' : 'limit')
}

type Page = Awaited<ReturnType<TurnRun['server']['client']['message']['page']>>

function after(
  id: string,
  messages: HistorySession['messages'],
): HistorySession['messages'] | null {
  const at = messages.findIndex(({ info }) => idOf(info) === id)
  return at < 0 ? null : messages.slice(at + 1)
}

function missing(sessionId: string, since: string, reached: string): never {
  throw new MissingMessage(sessionId, since, reached)
}

async function subAgentSessions(
  run: TurnRun,
  { seen }: RunHistory,
): Promise<readonly HistorySession[]> {
  const children = run.reply?.view().children ?? []
  if (children.length === 0) return []
  const limits = requestLimits(run, new AbortController().signal)
  const { session } = run.server.client
  const parents = new Set([
    run.reply?.sessionId ?? '',
    ...children.map(({ sessionId }) => sessionId),
  ])
  const sessions: HistorySession[] = []
  for (const parent of parents) {
    for (const info of await session.children(parent, limits)) {
      const isOwn = children.some(({ sessionId }) => sessionId === info.id)
      if (!isOwn || sessions.some((each) => idOf(each.info) === info.id)) continue
      const known = seen.of(info.id)
      const messages =
        known.length > 0 ? known : asMessages(await session.messages(info.id, {}, limits))
      sessions.push({ info: asRecord(info), messages })
    }
  }
  return sessions
}

/**
 * Without what came after this turn's own messages while the server is at it, or another turn is to run it to its end: it is kept with the
 * next turn, as it is then.
 */
function settledMessages(
  { reply, others }: TurnRun,
  messages: HistorySession['messages'],
): HistorySession['messages'] {
  const isOwn = ({ info }: (typeof messages)[number]): boolean => reply?.owns(idOf(info)) ?? false
  const end = messages.findLastIndex(isOwn) + 1
  const isAtWork = messages.slice(end).some(({ info }) => {
    const isOpen = info['role'] === 'assistant' && !hasEnded(info)
    return isOpen || others.turnOf(idOf(info)) !== null
  })
  return isAtWork ? messages.slice(0, end) : messages
}

/** Up to the first message of the agent that is not whole. */
function endedMessages(messages: HistorySession['messages']): HistorySession['messages'] {
  const at = messages.findIndex(({ info }) => info['role'] === 'assistant' && !hasEnded(info))
  return at < 0 ? messages : messages.slice(0, at)
}

function hasEnded({ time }: ServerRecord): boolean {
  return typeof (time as { readonly completed?: unknown } | null)?.completed === 'number'
}

/** Those of sub-agents that what is kept of their parents names. */
function endedSessions(
  { reply }: TurnRun,
  messages: HistorySession['messages'],
  sessions: readonly HistorySession[],
): readonly HistorySession[] {
  const partIds = new Set(partIdsOf(messages))
  const children = reply?.view().children ?? []
  // Parents come before their children.
  return sessions.filter((session) => {
    const child = children.find(({ sessionId }) => sessionId === idOf(session.info))
    if (child?.toolPartId === undefined || !partIds.has(child.toolPartId ?? '')) return false
    for (const id of partIdsOf(session.messages)) partIds.add(id)
    return true
  })
}

function partIdsOf(messages: HistorySession['messages']): readonly string[] {
  return messages.flatMap(({ parts }) => parts.map(idOf))
}

function updatedAt(info: ServerRecord): number {
  const time = info['time'] as { readonly updated?: unknown } | undefined
  return typeof time?.updated === 'number' ? time.updated : 0
}

function asRecord(value: object): ServerRecord {
  return value as ServerRecord
}

function asMessages(messages: readonly object[]): HistorySession['messages'] {
  return messages as HistorySession['messages']
}
