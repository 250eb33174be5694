import { isTerminal } from '@turnstead/session'
import type { Clock, ConversationLease, SessionStore } from '@turnstead/session'
import { isLeftover, toRecord } from './kysely-rows.js'
import type { Chat, ChatRows, Trx } from './kysely-rows.js'

type Leases = Pick<
  SessionStore,
  'claim' | 'claimConversation' | 'adopt' | 'renew' | 'renewAll' | 'release'
>
type Claimant = Parameters<Leases['claimConversation']>[0]

/** Who may run a chat's turn. */
export function createLeases(
  { inChat, load, save }: ChatRows,
  { clock, instance }: { readonly clock: Clock; readonly instance: string },
): Leases {
  const leftovers = async (trx: Trx, { conversationId, fence }: ConversationLease) => {
    const notes = trx.selectFrom('note').select('id').where('chat', '=', Number(conversationId))
    const rows = await notes.where('unfinished', '=', 1).execute()
    const turns = await Promise.all(rows.map(({ id }) => load(trx, id)))
    return turns
      .flatMap((turn) => (turn !== null && turn.fence < fence ? [toRecord(turn)] : []))
      .toSorted((one, other) => (one.startedAt ?? 0) - (other.startedAt ?? 0))
      .slice(0, 8)
  }

  /** Until when the chat is held by another one; a process that was started again waits for three tenths of its lease. */
  const busyUntil = ({ holder }: Chat, { owner, leaseMs }: Claimant, turnId: string | null) => {
    const now = clock.now()
    if (holder === null || holder.expiresAt <= now) return null
    const isRestart =
      holder.owner === owner && holder.turnId === turnId && holder.instance !== instance
    const until = isRestart ? holder.expiresAt - Math.floor(leaseMs * 0.7) : holder.expiresAt
    return until <= now ? null : until
  }

  const take = (
    chat: Chat,
    { owner, leaseMs, conversationId }: Claimant,
    turnId: string | null,
  ) => {
    const expiresAt = clock.now() + leaseMs
    chat.fence += 1
    chat.holder = { owner, instance, turnId, expiresAt }
    return { conversationId, turnId: null, owner, fence: chat.fence, expiresAt }
  }

  const renew = (lease: ConversationLease, leaseMs: number) =>
    inChat(lease.conversationId, async (chat, trx) => {
      const held = chat !== null && chat.fence === lease.fence && chat.holder !== null
      if (held && chat.holder !== null) chat.holder.expiresAt = clock.now() + leaseMs
      if (lease.turnId === null) return { held, status: 'running' as const, asksRevision: 0 }
      const turn = await load(trx, lease.turnId)
      return { held, status: turn?.status ?? 'cancelled', asksRevision: turn?.asksRevision ?? 0 }
    })

  return {
    claim: (request) =>
      inChat(request.conversationId, async (chat, trx) => {
        const turn = await load(trx, request.turnId)
        const no = { claimed: false, heldUntil: null, sameOwner: false } as const
        if (chat === null || turn?.conversationId !== Number(request.conversationId)) {
          return { ...no, reason: 'missing', turn: null }
        }
        const turnId = String(turn.turnId)
        if (isTerminal(turn.status)) {
          const { owner, turnId: held, instance: life } = chat.holder ?? {}
          // What an earlier life of the owner left is given back.
          if (owner === request.owner && held === turnId && life !== instance) chat.holder = null
          return { ...no, reason: 'settled', turn: toRecord(turn) }
        }
        const heldUntil = busyUntil(chat, request, turnId)
        if (heldUntil !== null) {
          const sameOwner = chat.holder?.owner === request.owner
          return { claimed: false, reason: 'busy', heldUntil, sameOwner, turn: toRecord(turn) }
        }
        request.signal?.throwIfAborted()
        const lease = { ...take(chat, request, turnId), turnId: turn.turnId }
        turn.startedAt ??= clock.now()
        turn.input ??= request.input ?? null
        turn.trace ??= request.trace ?? null
        Object.assign(turn, { status: 'running', fence: lease.fence })
        await save(trx, turn)
        const { sessionId, fence } = chat
        const session = { sessionId, rules: null, title: null }
        const conversation = { id: request.conversationId, ...session, fence }
        const record = toRecord({ ...turn, revision: turn.revision + 1 })
        return {
          claimed: true,
          lease,
          conversation,
          turn: record,
          leftovers: await leftovers(trx, lease),
        }
      }),
    claimConversation: (request) =>
      inChat(request.conversationId, async (chat, trx) => {
        const no = { claimed: false, heldUntil: null, sameOwner: false } as const
        if (chat === null) return { ...no, reason: 'missing' }
        const heldUntil = busyUntil(chat, request, null)
        const sameOwner = chat.holder?.owner === request.owner
        if (heldUntil !== null) return { claimed: false, reason: 'busy', heldUntil, sameOwner }
        const lease = take(chat, request, null)
        return { claimed: true, lease, leftovers: await leftovers(trx, lease) }
      }),
    adopt: (lease, turnId) =>
      inChat(lease.conversationId, async (chat, trx) => {
        const turn = await load(trx, turnId)
        const isHere = turn?.conversationId === Number(lease.conversationId)
        if (chat?.fence !== lease.fence || turn === null || !isHere || !isLeftover(turn))
          return null
        turn.fence = lease.fence
        await save(trx, turn)
        return { lease: { ...lease, turnId }, turn: toRecord(turn) }
      }),
    renew: (lease, { leaseMs }) => renew(lease, leaseMs),
    renewAll: async (leases, { leaseMs }) => {
      const renewals: Awaited<ReturnType<typeof renew>>[] = []
      for (const lease of leases) renewals.push(await renew(lease, leaseMs))
      return renewals
    },
    release: ({ conversationId, fence }) =>
      inChat(conversationId, async (chat) => {
        if (chat?.fence === fence) chat.holder = null
      }),
  }
}
