import type { ReplySource } from '@turnstead/reply'
import type { AgentClient } from '../agent-client.js'
import { hostToolRules, noHostTools, offerTools, type Rule } from '../host-tools/offer.js'
import { report } from './report.js'
import type { AgentCall, ConnectedSetup } from './run-setup.js'

/** What a run's agent may call of the host. */
export interface RunTools {
  /** For the session. */
  readonly rules: readonly Rule[]
  close(): Promise<void>
}

const none: RunTools = { rules: noHostTools, close: async () => undefined }

/** @throws TypeError where the client cannot tell the server of them. */
export async function openHostTools(
  setup: ConnectedSetup,
  call: AgentCall,
  source: () => ReplySource | null,
): Promise<RunTools> {
  const { client, hostTools, scope, turn } = setup
  if (Object.keys(hostTools).length === 0) return none
  const { mcp } = client
  if (mcp === undefined) throw new TypeError('`hostTools` need a client with `mcp`')
  const onError = (error: unknown): void => report(turn, call, error, 'callback')
  const over = new AbortController()
  const offered = await offerTools(mcp, {
    tools: hostTools,
    scope,
    toolCallId: call.callId,
    claimed: new Set(),
    source,
    clock: setup.clock,
    signal: over.signal,
    onError,
  })
  void tellAgain(client, over.signal, async () => await offered.again().catch(onError))
  return {
    rules: hostToolRules({ tools: hostTools, scope }),
    async close() {
      over.abort()
      await offered.withdraw()
    },
  }
}

/** A session that is none: its subscriber hears of nothing but gaps, which a server that was started anew leaves. */
const nobody = 'ses_none'

async function tellAgain(
  client: AgentClient,
  signal: AbortSignal,
  again: () => Promise<void>,
): Promise<void> {
  try {
    for await (const event of client.events.subscribe({ session: nobody, signal })) {
      if (event.type === 'gap') await again()
    }
  } catch {
    // The run has the same stream, and tells of what is wrong with it.
  }
}
