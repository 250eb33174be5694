import type { Renewal } from '../../src/index.js'
import type { BrokenStore } from './broken-store.js'

const inOrder = 'leases renewed together are answered one by one, in the order given'
const expiry =
  'leases renewed together are held past their first expiry, and one that was taken over is not extended'
const twice =
  'a lease that is given twice, and an older one of its conversation, are answered each for itself'

/** Stores that renew many leases wrongly. */
export const brokenRenewals: readonly BrokenStore[] = [
  {
    defect: 'answers for the leases together in another order',
    caughtBy: [inOrder],
    breakStore: (store) => ({
      ...store,
      renewAll: async (leases, options) =>
        (await store.renewAll(leases.toReversed(), options)).slice(),
    }),
  },
  {
    defect: 'renews together by the conversation, whatever the fence',
    caughtBy: [inOrder, expiry, twice],
    breakStore: (store, knex) => ({
      ...store,
      renewAll: async (leases, options) => {
        const renewals = await store.renewAll(leases, options)
        const ids = leases.map(({ conversationId }) => conversationId)
        const rows: { id: unknown; turn_owner: string | null }[] = await knex('conversations')
          .whereIn('id', ids.map(String))
          .select('id', 'turn_owner')
        await knex('conversations')
          .whereIn('id', ids.map(String))
          .update({ turn_expires_at: Number.MAX_SAFE_INTEGER })
        return renewals.map((renewal, index) => ({
          ...answered(renewal),
          held: rows.some(({ id, turn_owner }) => id === ids[index] && turn_owner !== null),
        }))
      },
    }),
  },
  {
    defect: 'does not move the expiry of leases that are renewed together',
    caughtBy: [expiry],
    breakStore: (store) => ({
      ...store,
      renewAll: async (leases, options) => {
        const { held, ...rest } = { held: true, status: 'running' as const, asksRevision: 0 }
        return options.leaseMs > 0 ? leases.map(() => ({ held, ...rest })) : []
      },
    }),
  },
  {
    defect: 'counts a lease that is given twice as lost',
    caughtBy: [twice],
    breakStore: (store) => ({
      ...store,
      renewAll: async (leases, options) => {
        const renewals = await store.renewAll(leases, options)
        return renewals.map((renewal, index) => ({
          ...answered(renewal),
          held: answered(renewal).held && leases.indexOf(leases[index] ?? Object(null)) === index,
        }))
      },
    }),
  },
  {
    defect: 'takes rows that have about this expiry already for lost leases',
    caughtBy: ['renewing no leases, or the same ones again at the same instant, is no failure'],
    breakStore: (store, knex) => ({
      ...store,
      renewAll: async (leases, options) => {
        const before = await knex('conversations').select('turn_expires_at')
        const renewals = await store.renewAll(leases, options)
        const after = await knex('conversations').select('turn_expires_at')
        // In milliseconds it would depend on how busy this machine is.
        const rounded = (rows: readonly Record<string, unknown>[]): string =>
          JSON.stringify(rows.map((row) => Math.round(Number(row['turn_expires_at']) / 10_000)))
        const isSame = rounded(before) === rounded(after)
        return renewals.map((renewal) => ({
          ...answered(renewal),
          held: answered(renewal).held && !isSame,
        }))
      },
    }),
  },
]

function answered(renewal: Renewal | null): Renewal {
  if (renewal === null) throw new Error('no row is locked here')
  return renewal
}
