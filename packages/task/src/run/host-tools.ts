import type { ReplySource } from '@turnstead/reply'
import { hostToolRules, offerTools, type Rule } from '../host-tools/offer.js'
import { report } from './report.js'
import type { AgentCall, ConnectedSetup } from './run-setup.js'

/** What a run's agent may call of the host. */
export interface OfferedTools {
  /** For the session. */
  readonly rules: readonly Rule[]
  close(): Promise<void>
}

const none: OfferedTools = { rules: [], close: async () => undefined }

/** @throws TypeError where the client cannot tell the server of them. */
export async function openHostTools(
  setup: ConnectedSetup,
  call: AgentCall,
  source: () => ReplySource | null,
): Promise<OfferedTools> {
  const { client, hostTools, scope, turn } = setup
  if (Object.keys(hostTools).length === 0) return none
  const { mcp } = client
  if (mcp === undefined) throw new TypeError('`hostTools` need a client with `mcp`')
  const over = new AbortController()
  const withdraw = await offerTools(mcp, {
    tools: hostTools,
    scope,
    toolCallId: call.callId,
    claimed: new Set(),
    source,
    clock: setup.clock,
    signal: over.signal,
    onError: (error) => report(turn, call, error, 'callback'),
  })
  return {
    rules: hostToolRules({ tools: hostTools, scope }),
    async close() {
      over.abort()
      await withdraw()
    },
  }
}
