/**
 * Keeps the keys of model providers outside of the agent: the server gets a token and the address of a gateway in this process,
 * which has the keys, counts what each user spends, and stops at a cap before a call goes out.
 *
 * ```ts
 * const ledger = createMemoryLedger({ capOf: () => 5_000_000 })
 * const gateway = await startModelGateway({ credentials, priceOf, ledger, userOf: ({ rootSessionId }) => owners.get(rootSessionId) })
 * const provider = detectProvider({}, { credentials: gateway.grant().credentials })
 * const server = await startServer({ config: provider.config, env: provider.env })
 * ```
 */
export { startModelGateway, type ModelGateway } from './gateway/start-gateway.js'
export type { GatewayErrorContext, GatewayOptions, ModelCaller } from './gateway/options.js'
export type { GatewayGrant, GrantOptions } from './gateway/grants.js'
export type { Reservation, ReservationRequest, Spend, SpendLedger } from './gateway/ledger.js'
export { createMemoryLedger, type MemoryLedger } from './gateway/memory-ledger.js'
export { costOf, type ModelPrice } from './gateway/price.js'
export type { ModelUsage } from './gateway/usage.js'
