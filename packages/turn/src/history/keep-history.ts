import { WireError } from '@turnstead/wire'
import type { HistoryEntry, HistorySession, ServerRecord } from '../ports/history.js'
import type { RunHistory } from '../seen/run-history.js'
import { withRetry } from '../run/retry.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import { idOf } from './merge-entries.js'

const largestPage = 4_096

/** Reads where the kept history of the conversation ends, before anything is asked of the server. */
export async function findHead(run: TurnRun): Promise<void> {
  const { setup, history } = run
  if (history === null) return
  const head = await withRetry(setup, {
    step: 'history',
    signal: run.signal,
    attempt: async () => (await setup.history?.newest(setup.conversationId)) ?? null,
  })
  history.found(head)
}

/**
 * Keeps what the turn added to its session, before the turn is settled. Most of it the polls have read already. A turn does not fail by
 * it: what is not kept now is kept with the next turn, whose entry begins where the last one ends.
 */
export async function keepHistory(run: TurnRun): Promise<void> {
  const { setup, history, delivery } = run
  const { prompt } = delivery
  if (history === null || setup.history === null || prompt === null) return
  if (!delivery.mayHaveArrived) return
  try {
    const entry = await collect(run, history, prompt.sessionId)
    if (entry === null) return
    await withRetry(setup, {
      step: 'history',
      attempt: async () => await setup.history?.keep(run.lease.lease, entry),
    })
    history.found(entry)
  } catch (error) {
    setup.report(error, 'history')
  }
}

async function collect(
  run: TurnRun,
  history: RunHistory,
  sessionId: string,
): Promise<HistoryEntry | null> {
  const { client } = run.server
  const limits = requestLimits(run, new AbortController().signal)
  const base = baseOf(run, history, sessionId)
  const info = asRecord(await client.session.get(sessionId, limits))
  const place = {
    position: base.position,
    turnId: run.setup.turnId,
    sessionId,
    previousId: base.newestId,
    updatedAt: updatedAt(info),
    server: run.setup.serverName,
  }
  try {
    const messages = await rootMessages(run, history, { sessionId, since: base.newestId })
    const newest = messages.at(-1)
    if (newest === undefined) return null
    const sessions = [{ info, messages }, ...(await subAgentSessions(run, history))]
    return { ...place, newestId: idOf(newest.info), lacks: null, sessions }
  } catch (error) {
    if (!isUnreadable(error)) throw error
    // Restored without this turn the agent would have forgotten it in silence.
    run.setup.report(error, 'history')
    const newestId = run.delivery.prompt?.id ?? ''
    return { ...place, newestId, lacks: String(error), sessions: [] }
  }
}

/** The server cannot write down a message of the session, such as a prompt with a `format`, nor will it later. */
function isUnreadable(error: unknown): boolean {
  if (error instanceof MissingMessage) return true
  return WireError.is(error) && ['unreadable_entry', 'response_too_large'].includes(error.code)
}

class MissingMessage extends Error {}

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
  const at = known.findIndex(({ info }) => idOf(info) === since)
  // What was read goes back to what is kept, so nothing is between.
  if (at >= 0) return known.slice(at + 1)
  const { message, session } = run.server.client
  const limits = requestLimits(run, new AbortController().signal)
  if (since === null) return asMessages(await session.messages(sessionId, {}, limits))
  const page = await message.newest(sessionId, { limit: largestPage, backTo: since }, limits)
  const read = asMessages(page.messages)
  const from = read.findIndex(({ info }) => idOf(info) === since)
  if (from >= 0) return read.slice(from + 1)
  throw new MissingMessage(
    `What came after the message ${since} cannot be read from the session ${sessionId} (${page.reached}).`,
  )
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

/** Whether a session on the server is behind what is kept of it: the conversation has gone on elsewhere. */
export async function isBehind(run: TurnRun, session: object): Promise<boolean> {
  const head = run.history?.head ?? null
  const info = asRecord(session)
  if (head === null || head.sessionId !== idOf(info)) return false
  if (updatedAt(info) < head.updatedAt) return true
  // The clocks of two servers may differ.
  if (run.setup.serverName === head.server) return false
  try {
    const { client } = run.server
    await client.session.message(head.sessionId, head.newestId, requestLimits(run))
    return false
  } catch (error) {
    if (WireError.is(error) && error.code === 'not_found') return true
    throw error
  }
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
