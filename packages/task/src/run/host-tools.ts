import type { ReplySource } from '@turnstead/reply'
import type { AgentClient } from '../agent-client.js'
import { monotonic } from '../clock.js'
import {
  hostToolRules,
  noHostTools,
  type OfferedTools,
  offerTools,
  type Rule,
} from '../host-tools/offer.js'
import { report } from './report.js'
import type { AgentCall, ConnectedSetup } from './run-setup.js'

/** What a run's agent may call of the host. */
export interface RunTools {
  /** For the session. */
  readonly rules: readonly Rule[]
  /** The same client, by which a prompt goes out only when the server knows the tools. */
  readonly client: AgentClient
  /** @param leaves - Another process goes on with the run. */
  close(leaves: boolean): Promise<void>
}

/** @throws TypeError where the client cannot tell the server of them. */
export async function openHostTools(
  setup: ConnectedSetup,
  call: AgentCall,
  { source, isTakenOver }: ToolsOf,
): Promise<RunTools> {
  const { client, hostTools, hostToolListener, scope, turn } = setup
  if (Object.keys(hostTools).length === 0) {
    return { rules: noHostTools, client, close: async () => undefined }
  }
  const { mcp } = client
  if (mcp === undefined) throw new TypeError('`hostTools` need a client with `mcp`')
  const onError = (error: unknown): void => report(turn, call, error, 'callback')
  const over = new AbortController()
  const settlesInMs = isTakenOver ? (hostToolListener.settlesInMs() ?? 0) : 0
  const run = {
    tools: hostTools,
    scope,
    toolCallId: call.callId,
    claimed: new Map<string, boolean>(),
    claimsFrom: monotonic(setup.clock) + settlesInMs,
    source,
    clock: setup.clock,
    signal: over.signal,
    onError,
  }
  const offered = await offerTools(run, { mcp, listener: hostToolListener, isTakenOver })
  void tellAgain(client, over.signal, async () => await offered.again().catch(onError))
  return {
    rules: hostToolRules({ tools: hostTools, scope }),
    client: promptingWith(client, offered, onError),
    async close(leaves) {
      // Where another process goes on, the agent waits for what this one carries out.
      if (!leaves) over.abort()
      await offered.withdraw(leaves)
    },
  }
}

interface ToolsOf {
  readonly source: () => ReplySource | null
  /** The agent was at work already. */
  readonly isTakenOver: boolean
}

/** A server that was started anew, and is asked the same again, would run the prompt without the tools. */
function promptingWith(
  client: AgentClient,
  offered: OfferedTools,
  onError: (error: unknown) => void,
): AgentClient {
  let isFirst = true
  return {
    ...client,
    prompt: {
      ...client.prompt,
      async send(...given) {
        if (!isFirst) await offered.again().catch(onError)
        isFirst = false
        return await client.prompt.send(...given)
      },
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
