import { closedByEnd, isTerminal, oldestWaiting } from '@turnstead/session'
import type { RowId, TurnRecord, TurnStatus } from '@turnstead/session'
import type { Generated, Kysely, Transaction } from 'kysely'
import type { ChatSession } from './kysely-sessions.js'

/** Rows of yours. What a page shows, or a query needs, is a column; the rest of a row is JSON. */
export interface ChatTables {
  chat: { id: Generated<number>; state: Generated<string> }
  note: {
    id: Generated<number>
    chat: number
    status: TurnStatus | null
    text: string | null
    reply: string | null
    /** 1 while something is left to do: it runs, or is over and not closed. */
    unfinished: Generated<number>
    state: Generated<string>
  }
}

export type Trx = Transaction<ChatTables>
type Mutable<Row> = { -readonly [Name in keyof Row]: Row[Name] }
export type Turn = Mutable<Omit<TurnRecord, 'waitingSince'>> & { asksRevision: number }
export interface Chat extends ChatSession {
  fence: number
  holder: { owner: string; instance: string; turnId: string | null; expiresAt: number } | null
}

const newChat: Chat = { sessionId: null, creation: null, keys: [], fence: 0, holder: null }

const noTokens = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 }
const newTurn = {
  input: null,
  trace: null,
  prompt: null,
  reasoning: null,
  cost: 0,
  tokens: noTokens,
}
const newEnd = { error: null, providerStatus: null, providerMessage: null, reason: null }
const newRest = { ...newTurn, ...newEnd, finish: null, startedAt: null, settledAt: null }
const newState = {
  ...newRest,
  trace: null,
  delivery: null,
  files: null,
  closedAt: null,
  dueAt: null,
  asks: [],
  asksRevision: 0,
  fence: 0,
  revision: 0,
}

export type ChatRows = ReturnType<typeof openRows>

/** The rows of a store: every change is made under the lock of its chat's row. */
export function openRows(db: Kysely<ChatTables>, locks: 'rows' | 'none') {
  async function inChat<T>(
    id: RowId,
    act: (chat: Chat | null, trx: Trx) => Promise<T>,
  ): Promise<T> {
    return db.transaction().execute(async (trx) => {
      const rows = trx.selectFrom('chat').select('state').where('id', '=', Number(id))
      const row = await (locks === 'rows' ? rows.forUpdate() : rows).executeTakeFirst()
      if (row === undefined) return act(null, trx)
      const chat: Chat = { ...newChat, ...(JSON.parse(row.state) as Partial<Chat>) }
      const result = await act(chat, trx)
      const state = JSON.stringify(chat)
      if (state !== row.state) {
        await trx.updateTable('chat').set({ state }).where('id', '=', Number(id)).execute()
      }
      return result
    })
  }

  async function load(at: Kysely<ChatTables>, id: RowId): Promise<Turn | null> {
    const note = at.selectFrom('note').selectAll().where('id', '=', Number(id))
    const row = await note.where('status', 'is not', null).executeTakeFirst()
    if (row === undefined || row.status === null) return null
    const { status, text, chat: conversationId } = row
    const reply = JSON.parse(row.reply ?? 'null') as unknown
    const state = { ...newState, ...(JSON.parse(row.state) as Partial<Turn>) }
    return { ...state, turnId: row.id, conversationId, status, text, reply }
  }

  async function save(trx: Trx, turn: Turn): Promise<void> {
    const { turnId, conversationId: _, status, text, reply, ...state } = turn
    state.revision += 1
    const columns = { status, text: text?.replaceAll('\0', '\uFFFD') ?? null }
    const json = { reply: toJson(reply) ?? null, state: JSON.stringify(state) }
    const unfinished = isLeftover(turn) ? 1 : 0
    const note = trx.updateTable('note').set({ ...columns, ...json, unfinished })
    await note.where('id', '=', Number(turnId)).execute()
  }

  return { inChat, load, save }
}

export function isLeftover({ status, prompt, closedAt }: Turn): boolean {
  return status === 'running' || (isTerminal(status) && prompt !== null && closedAt === null)
}

export function toRecord({ asksRevision: _, ...turn }: Turn): TurnRecord {
  const asks = isTerminal(turn.status) ? closedByEnd(turn.asks, turn.settledAt) : turn.asks
  return { ...turn, asks, waitingSince: oldestWaiting(asks) }
}

/** Undefined for what is no JSON. A reply of `@turnstead/reply` serialises itself. */
export function toJson(value: unknown): string | undefined {
  try {
    const { serialize } = (value ?? {}) as { readonly serialize?: () => string }
    return typeof serialize === 'function' ? serialize.call(value) : JSON.stringify(value)
  } catch {
    return undefined
  }
}
