import type { BrokenStore } from './broken-store.js'

/** What a store can get wrong about restarts, leftovers and repetitions. */
export const brokenLeftovers: readonly BrokenStore[] = [
  {
    defect: 'lets a process take its own running turn',
    caughtBy: ['the same process is refused while it runs the turn, also under the same name'],
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
    defect: 'takes every other life of an owner for dead',
    caughtBy: [
      'an owner that renews is alive, whoever else uses its name',
      'a restarted owner may claim its turn after three tenths of the lease, and learns until when it must wait',
    ],
    breakStore: (store, knex) => ({
      ...store,
      claim: async (request) => {
        const result = await store.claim(request)
        if (result.claimed || result.reason !== 'busy' || !result.sameOwner) return result
        await knex('conversations')
          .where({ id: request.conversationId })
          .update({ turn_owner: null, turn_expires_at: null })
        return store.claim(request)
      },
    }),
  },
  {
    defect: 'gives back a lease that is in use',
    caughtBy: [
      'a claim of a turn that is over gives back the lease that an earlier life of its owner left, and no other',
    ],
    breakStore: (store, knex) => ({
      ...store,
      claim: async (request) => {
        const result = await store.claim(request)
        if (!result.claimed && result.reason === 'settled') {
          await knex('conversations')
            .where({ id: request.conversationId })
            .update({ turn_owner: null, turn_expires_at: null })
        }
        return result
      },
    }),
  },
  {
    defect: 'takes its own end for a lost lease',
    caughtBy: [
      'a turn that this lease settled is still held, and its lease can be renewed until release',
      'the same end again is ours, and changes nothing',
    ],
    breakStore: (store) => ({
      ...store,
      renew: async (lease, options) => {
        const renewal = await store.renew(lease, options)
        return { ...renewal, held: renewal.held && renewal.status === 'running' }
      },
      settle: async (lease, settlement) =>
        (await store.read(lease.turnId))?.status === 'running' && store.settle(lease, settlement),
    }),
  },
  {
    defect: 'takes an unchanged row for a lost lease',
    caughtBy: [
      'the same prompt and the same snapshot may be stored again',
      'keepPartial may be repeated',
    ],
    breakStore: (store) => {
      const written = new Set<string>()
      const once = async (what: string, write: Promise<boolean>): Promise<boolean> => {
        const isRepeated = written.has(what)
        written.add(what)
        return (await write) && !isRepeated
      }
      return {
        ...store,
        recordPrompt: (lease, prompt) =>
          once(`prompt ${lease.turnId}`, store.recordPrompt(lease, prompt)),
        keepPartial: (lease, fields) =>
          once(`partial ${lease.turnId}`, store.keepPartial(lease, fields)),
      }
    },
  },
  {
    defect: 'reports no leftovers',
    caughtBy: [
      'a claim that steps over a stranded turn reports it, and does not change it',
      'a turn that is over with a prompt is a leftover until it is closed',
      'a conversation is claimed without a turn, and what was left in it is finished',
    ],
    breakStore: (store) => ({
      ...store,
      claim: async (request) => {
        const result = await store.claim(request)
        return result.claimed ? { ...result, leftovers: [] } : result
      },
      claimConversation: async (request) => {
        const result = await store.claimConversation(request)
        return result.claimed ? { ...result, leftovers: [] } : result
      },
    }),
  },
  {
    defect: 'adopts whatever it is asked to',
    caughtBy: [
      'a turn that waits, is of another conversation or is not there cannot be adopted',
      'a lost lease adopts nothing and closes nothing',
    ],
    breakStore: (store, knex) => ({
      ...store,
      adopt: async (lease, turnId) => {
        await knex('messages').where({ id: turnId }).update({ turn_fence: lease.fence })
        const turn = await store.read(turnId)
        return turn === null ? null : { lease: { ...lease, turnId }, turn }
      },
    }),
  },
  {
    defect: 'adopts without the fence',
    caughtBy: ['an adopted turn is written under the new lease, and its old worker is powerless'],
    breakStore: (store) => ({
      ...store,
      adopt: async (lease, turnId) => {
        const turn = await store.read(turnId)
        return turn === null ? null : { lease: { ...lease, turnId }, turn }
      },
    }),
  },
  {
    defect: 'closes what still runs',
    caughtBy: ['a turn that is over with a prompt is a leftover until it is closed'],
    breakStore: (store, knex) => ({
      ...store,
      closeTurn: async (lease) =>
        (await knex('messages').where({ id: lease.turnId }).update({ turn_closed_at: 1 })) > 0,
    }),
  },
  {
    defect: 'forgets what was asked, and what it cost',
    caughtBy: [
      'claim stores what the user asked, and a later claim does not replace it',
      "what a turn's earlier prompts cost is in the running row, and snapshots leave it",
    ],
    breakStore: (store) => ({
      ...store,
      claim: ({ input: _, ...request }) => store.claim(request),
      recordPrompt: (lease, prompt) => store.recordPrompt(lease, prompt),
    }),
  },
  {
    defect: 'keeps a lease that was given up',
    caughtBy: ['a claim that is given up leaves the conversation free'],
    breakStore: (store) => ({
      ...store,
      claim: async ({ signal, ...request }) => {
        const result = await store.claim(request)
        signal?.throwIfAborted()
        return result
      },
    }),
  },
  {
    defect: 'deletes a session that seemed to be gone',
    caughtBy: ['recreateSession replaces the stale session, and does not delete it upstream'],
    breakStore: (store) => ({
      ...store,
      recreateSession: async (id, stale, upstream, options) => {
        await upstream.delete(stale)
        return store.recreateSession(id, stale, upstream, options)
      },
    }),
  },
  {
    defect: 'forgets what it could not look for',
    caughtBy: ['a key is kept until all sessions were looked at, and then forgotten'],
    breakStore: (store) => ({
      ...store,
      ensureSession: (id, upstream, options) => {
        const find = async (key: string): Promise<{ readonly id: string } | null> => {
          const found = await upstream.find?.(key)
          return found === 'incomplete' || found === undefined ? null : found
        }
        return store.ensureSession(id, { ...upstream, find }, options)
      },
    }),
  },
]
