import { assertKnown } from '../values/known-options.js'
import type { Spend, SpendLedger } from './ledger.js'

/** A ledger that lives as long as its process. */
export interface MemoryLedger extends SpendLedger {
  /** What a user has spent, in millionths of a dollar, without calls under way. */
  spent(user: string): number
  /** What is set aside for a user's calls that are under way. */
  reserved(user: string): number
  /** Begins a new period for a user. */
  reset(user: string): void
}

interface Account {
  spent: number
  readonly open: Map<string, number>
}

/**
 * Keeps sums, not calls: give `onSpend` for a record of each.
 *
 * @param options.capOf What a user may spend, in millionths of a dollar; null for no cap. Asked before each call.
 *
 * @example
 * const ledger = createMemoryLedger({ capOf: (user) => plans.get(user)?.microUsd ?? 0 })
 */
export function createMemoryLedger(options: {
  readonly capOf: (user: string) => number | null
  readonly onSpend?: (spend: Spend) => void
}): MemoryLedger {
  assertKnown('`createMemoryLedger`', options, { capOf: true, onSpend: true })
  if (typeof options.capOf !== 'function') throw new TypeError('`capOf` must be a function')
  const accounts = new Map<string, Account>()
  const accountOf = (user: string): Account => {
    const account = accounts.get(user) ?? { spent: 0, open: new Map<string, number>() }
    accounts.set(user, account)
    return account
  }
  const setAside = ({ open }: Account): number =>
    [...open.values()].reduce((sum, each) => sum + each, 0)

  return {
    async reserve({ callId, user, microUsd }) {
      const cap = options.capOf(user)
      const account = accountOf(user)
      const { spent, open } = account
      if (open.has(callId)) return { granted: true }
      if (cap !== null && !(spent + setAside(account) < cap)) {
        return { granted: false, isFinal: !(spent < cap), spentMicroUsd: spent, capMicroUsd: cap }
      }
      open.set(callId, microUsd)
      return { granted: true }
    },
    async settle(spend) {
      const account = accountOf(spend.user)
      if (!account.open.delete(spend.callId)) return
      account.spent += spend.microUsd
      options.onSpend?.(spend)
    },
    spent: (user) => accounts.get(user)?.spent ?? 0,
    reserved(user) {
      const account = accounts.get(user)
      return account === undefined ? 0 : setAside(account)
    },
    reset(user) {
      const account = accounts.get(user)
      if (account !== undefined) account.spent = 0
    },
  }
}
