import type { Knex } from 'knex'
import { brokenAsks } from './broken-asks.js'
import { brokenGivingBack } from './broken-giving-back.js'
import { brokenInbox } from './broken-inbox.js'
import { brokenLeftovers } from './broken-leftovers.js'
import { brokenParking } from './broken-parking.js'
import { brokenRenewals } from './broken-renewals.js'
import type { BrokenStore } from './broken-store.js'
import type { RowId, SessionResult, SessionStore, SessionUpstream, Lease } from '../../src/index.js'

const update = (knex: Knex, lease: Lease): Knex.QueryBuilder =>
  knex('messages').where({ id: lease.turnId })

export const brokenStores: readonly BrokenStore[] = [
  {
    defect: 'settles without looking at the fence',
    caughtBy: [
      'a worker that was paused past its lease changes nothing after another took the turn',
      'a worker that was paused past its lease changes nothing after another took the next turn',
      'a restarted worker takes the rights of its own earlier life',
    ],
    breakStore: (store, knex) => ({
      ...store,
      settle: async (lease, { status }) =>
        (await update(knex, lease)
          .where({ turn_status: 'running' })
          .update({ turn_status: status })) > 0,
    }),
  },
  {
    defect: 'settles whatever the status is',
    caughtBy: [
      'a turn is settled once, and nothing is written after its end',
      'a cancel beats a completion that comes later',
      'of a cancel and a completion at the same time exactly one wins, and the row says which',
    ],
    breakStore: (store, knex) => ({
      ...store,
      settle: async (lease, settlement) =>
        (await store.settle(lease, settlement)) ||
        (await update(knex, lease).update({ turn_status: settlement.status })) > 0,
    }),
  },
  {
    defect: 'fences by the message alone',
    caughtBy: [
      'a worker that was paused past its lease changes nothing after another took the next turn',
    ],
    breakStore: (store, knex) => ({
      ...store,
      snapshot: async (lease, { text }) =>
        (await update(knex, lease)
          .where({ turn_status: 'running', turn_fence: lease.fence })
          .update({ turn_text: text })) > 0,
    }),
  },
  {
    defect: 'takes a lease that is held',
    caughtBy: ['a held turn is busy for another owner, and says until when'],
    breakStore: (store, knex) => ({
      ...store,
      claim: async (request) => {
        await knex('conversations')
          .where({ id: request.conversationId })
          .update({ turn_owner: null, turn_expires_at: null })
        return store.claim(request)
      },
    }),
  },
  {
    defect: 'looks and then takes',
    caughtBy: [
      'of many workers that claim one turn at once, exactly one gets it',
      'of many turns of one conversation that are claimed at once, exactly one starts',
      'of many workers that take over an expired lease at once, exactly one gets it',
    ],
    breakStore: (store, knex) => ({ ...store, claim: claimWithoutCompare(store, knex) }),
  },
  {
    defect: 'lets one owner run two turns of a conversation',
    caughtBy: ['a conversation runs one turn: its other messages are busy, for the same owner too'],
    breakStore: (store, knex) => ({
      ...store,
      claim: async (request) => {
        await knex('conversations')
          .where({ id: request.conversationId, turn_owner: request.owner })
          .update({ turn_owner: null, turn_expires_at: null })
        return store.claim(request)
      },
    }),
  },
  {
    defect: 'makes a restarted worker wait',
    caughtBy: [
      'a restarted owner may claim its turn after three tenths of the lease, and learns until when it must wait',
    ],
    breakStore: (store) => ({
      ...store,
      claim: (request) => store.claim({ ...request, owner: `${request.owner}-${Math.random()}` }),
    }),
  },
  {
    defect: 'opens a settled turn again',
    caughtBy: ['a turn that is over answers settled with its record, whoever asks'],
    breakStore: (store, knex) => ({
      ...store,
      claim: async (request) => {
        await knex('messages').where({ id: request.turnId }).update({ turn_status: 'running' })
        return store.claim(request)
      },
    }),
  },
  {
    defect: 'says that every lease is held',
    caughtBy: [
      'renew says that the lease was taken over, and does not extend the new one',
      'release frees the conversation, and a released lease cannot be renewed',
    ],
    breakStore: (store) => ({
      ...store,
      renew: async (lease, options) => ({ ...(await store.renew(lease, options)), held: true }),
    }),
  },
  {
    defect: 'does not move the expiry',
    caughtBy: ['a renewed lease is held past its first expiry'],
    breakStore: (store) => ({
      ...store,
      renew: async () => ({ held: true, status: 'running', asksRevision: 0 }),
    }),
  },
  {
    defect: 'releases whoever holds the lease',
    caughtBy: ['release of a lease that was taken over leaves the new holder alone'],
    breakStore: (store, knex) => ({
      ...store,
      release: async ({ conversationId }) => {
        await knex('conversations').where({ id: conversationId }).update({ turn_owner: null })
      },
    }),
  },
  {
    defect: 'cancels what is over',
    caughtBy: [
      'a cancel that comes after the end changes nothing',
      'a second cancel keeps the first one and its reason',
    ],
    breakStore: (store, knex) => ({
      ...store,
      cancel: async ({ turnId, reason }) =>
        (await knex('messages')
          .where({ id: turnId })
          .update({ turn_status: 'cancelled', turn_reason: reason, turn_settled_at: 1 })) > 0,
    }),
  },
  {
    defect: 'keeps a partial reply on any row',
    caughtBy: ['keepPartial is refused while the turn runs and after it completed'],
    breakStore: (store, knex) => ({
      ...store,
      keepPartial: async (lease, { text }) =>
        (await update(knex, lease).update({ turn_text: text })) > 0,
    }),
  },
  {
    defect: 'rounds the cost',
    caughtBy: ['settle stores every field, numbers exactly'],
    breakStore: (store) => ({
      ...store,
      settle: (lease, settlement) =>
        store.settle(lease, { ...settlement, cost: Number(settlement.cost.toFixed(6)) }),
    }),
  },
  {
    defect: 'drops what a JSON column refuses',
    caughtBy: ['a reply is read back as the same JSON, whatever the agent put into it'],
    breakStore: (store) => ({
      ...store,
      snapshot: (lease, { reply, text }) => {
        const json = JSON.stringify(reply).replaceAll(String.raw`\u0000`, '')
        return store.snapshot(lease, { reply: JSON.parse(json), text })
      },
    }),
  },
  {
    defect: 'creates without a claim',
    caughtBy: ['a race of ensureSession creates exactly one session, and all get its id'],
    breakStore: (store, knex) => ({ ...store, ensureSession: createWithoutClaim(store, knex) }),
  },
  {
    defect: 'recreates for every caller',
    caughtBy: [
      'recreateSession of a session that was replaced already answers with the present one',
    ],
    breakStore: (store, knex) => ({
      ...store,
      recreateSession: async (conversationId, _stale, upstream) => {
        const row = await knex('conversations').where({ id: conversationId }).first()
        return store.recreateSession(conversationId, row.opencode_session_id, upstream)
      },
    }),
  },
  {
    defect: 'recreates without a claim',
    caughtBy: ['a race of recreateSession creates exactly one new session'],
    breakStore: (store, knex) => ({
      ...store,
      recreateSession: async (conversationId, stale, upstream) => {
        const row = await knex('conversations').where({ id: conversationId }).first()
        if (row.opencode_session_id !== stale) return store.ensureSession(conversationId, upstream)
        return replaceSession(knex, conversationId, upstream)
      },
    }),
  },
  {
    defect: 'leaves a session upstream that it could not store',
    caughtBy: [
      'a creator that takes too long loses to the next, deletes what it made, and gets the other id',
      'a session whose creation looked failed is found and deleted by the next creation',
    ],
    breakStore: (store) => {
      const keeping = (upstream: SessionUpstream): SessionUpstream => ({
        ...upstream,
        delete: async () => undefined,
      })
      return {
        ...store,
        ensureSession: (id, upstream, options) =>
          store.ensureSession(id, keeping(upstream), options),
        recreateSession: (id, stale, upstream, options) =>
          store.recreateSession(id, stale, keeping(upstream), options),
      }
    },
  },
  {
    defect: 'never looks for what an earlier creation left',
    caughtBy: ['a session whose creation looked failed is found and deleted by the next creation'],
    breakStore: (store) => ({
      ...store,
      ensureSession: (id, upstream, options) =>
        store.ensureSession(id, { ...upstream, find: async () => null }, options),
    }),
  },
  {
    defect: 'wraps the errors of the upstream',
    caughtBy: [
      'the error of a failed creation passes through, and the next ensureSession creates at once',
      'a wait for another creator ends with the reason of an abort',
    ],
    breakStore: (store) => ({
      ...store,
      ensureSession: async (...args) => {
        try {
          return await store.ensureSession(...args)
        } catch (cause) {
          throw new Error('wrapped', { cause })
        }
      },
    }),
  },
  {
    defect: 'places a conversation without looking at the fence',
    caughtBy: ['a lease that was taken over places nothing'],
    breakStore: (store, knex) => ({
      ...store,
      placeConversation: async ({ conversationId }, { server }) =>
        (await knex('conversations')
          .where({ id: conversationId })
          .update({ opencode_server: server })) > 0,
    }),
  },
  {
    defect: 'knows only servers of which something was said',
    caughtBy: [
      'every server is known by name that a conversation is on or of which something was said',
    ],
    breakStore: (store) => ({
      ...store,
      knownServers: async () => ((await store.markedServers?.()) ?? []).map(({ name }) => name),
    }),
  },
  {
    defect: 'counts a turn that was asked nothing as busy',
    caughtBy: [
      'a turn that was asked nothing makes a server busy only while its conversation is held',
    ],
    breakStore: (store, knex) => ({
      ...store,
      serverLoads: async () => {
        const rows = await knex('messages')
          .join('conversations', 'conversations.id', 'messages.conversation_id')
          .where('turn_status', 'running')
          .select({ name: 'opencode_server' })
        return rows.length === 0 ? [] : [{ name: String(rows[0].name), busy: rows.length }]
      },
    }),
  },
  {
    defect: 'forgets a conversation whose worker is gone',
    caughtBy: [
      'a conversation is busy on its server while it is held, and while a turn of it is left running',
    ],
    breakStore: (store, knex) => ({
      ...store,
      serverLoads: async () => {
        const rows = await knex('conversations')
          .where('turn_expires_at', '>', Date.now())
          .whereNotNull('opencode_server')
          .select({ name: 'opencode_server' })
        return rows.length === 0 ? [] : [{ name: String(rows[0].name), busy: rows.length }]
      },
    }),
  },
  ...brokenLeftovers,
  ...brokenAsks,
  ...brokenRenewals,
  ...brokenInbox,
  ...brokenGivingBack,
  ...brokenParking,
]

function createWithoutClaim(store: SessionStore, knex: Knex): SessionStore['ensureSession'] {
  return async (conversationId, upstream) => {
    const row = await knex('conversations').where({ id: conversationId }).first()
    if (row.opencode_session_id !== null) return store.ensureSession(conversationId, upstream)
    return replaceSession(knex, conversationId, upstream)
  }
}

async function replaceSession(
  knex: Knex,
  conversationId: RowId,
  upstream: SessionUpstream,
): Promise<SessionResult> {
  const { id } = await upstream.create({ key: 'none', title: null })
  await knex('conversations').where({ id: conversationId }).update({ opencode_session_id: id })
  return { sessionId: id, created: true, rules: null, title: null }
}

function claimWithoutCompare(store: SessionStore, knex: Knex): SessionStore['claim'] {
  return async (request) => {
    const { conversationId, turnId, owner, leaseMs } = request
    const row = await knex('conversations').where({ id: conversationId }).first()
    const turn = await store.read(turnId)
    if (turn === null) return store.claim(request)
    const isFree = row.turn_owner === null || row.turn_owner === 'gone'
    if (!isFree) return { claimed: false, reason: 'busy', turn, heldUntil: null, sameOwner: false }
    const fence = Number(row.turn_fence) + 1
    const expiresAt = Date.now() + leaseMs
    await knex('conversations')
      .where({ id: conversationId })
      .update({ turn_fence: fence, turn_owner: owner, turn_expires_at: expiresAt })
    await knex('messages')
      .where({ id: turnId })
      .update({ turn_status: 'running', turn_fence: fence })
    const lease = { conversationId, turnId, owner, fence, expiresAt }
    return {
      claimed: true,
      lease,
      conversation: {
        id: conversationId,
        sessionId: null,
        rules: null,
        title: null,
        server: null,
        fence,
      },
      turn,
      leftovers: [],
    }
  }
}
