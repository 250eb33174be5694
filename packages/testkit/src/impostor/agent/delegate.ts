import { storePrompt, type PromptBody } from '../history/prompts.js'
import type { Json, MessageRecord, SessionRecord } from '../state/records.js'
import { createSession } from '../state/sessions.js'
import { agentNames, agentRules } from '../state/agents.js'
import { ToolFailure, type ToolResult } from '../tools/tool-context.js'
import type { World } from '../state/world.js'

/** What the `task` tool needs to start a sub-agent. */
export interface Delegation {
  readonly world: World
  readonly session: SessionRecord
  readonly message: MessageRecord
  readonly signal: AbortSignal
  readonly input: Json
  /** Shows the link to the child while the tool runs. */
  readonly update: (metadata: Json) => void
  /** Runs a session's agent. */
  readonly run: (world: World, session: SessionRecord) => Promise<MessageRecord | null>
}

/** Starts a child session and resolves with its last text. The child gets the parent's `deny` rules, not its `ask` rules. */
export async function delegate(delegation: Delegation): Promise<ToolResult> {
  const { world, session, message, signal, input, update } = delegation
  const agent = String(input['subagent_type'])
  if (!agentNames(world).includes(agent)) {
    throw new ToolFailure(`Unknown agent type: ${agent} is not a valid agent type`)
  }
  const inherited = (session.info.permission ?? []).filter(
    (rule) => rule.action === 'deny' || rule.permission === 'external_directory',
  )
  const child = createSession(world, session.info.directory, {
    parentID: session.info.id,
    agent,
    title: `${String(input['description'])} (@${agent} subagent)`,
    permission: [
      ...inherited,
      ...['todowrite', 'task'].flatMap((permission) =>
        agentRules(world, agent).some((rule) => rule.permission === permission)
          ? []
          : [{ permission, pattern: '*', action: 'deny' } as const],
      ),
    ],
  })
  const model = { modelID: message.info['modelID'], providerID: message.info['providerID'] }
  const metadata = { parentSessionId: session.info.id, sessionId: child.info.id, model }
  update(metadata)
  const abortChild = (): void => child.run?.abort.abort(signal.reason)
  signal.addEventListener('abort', abortChild, { once: true })
  const body: PromptBody = { parts: [{ type: 'text', text: String(input['prompt']) }], agent }
  storePrompt(world, child, body)
  const last = await delegation.run(world, child)
  signal.removeEventListener('abort', abortChild)
  signal.throwIfAborted()
  const failure = last?.info.error
  if (failure) {
    const data = failure['data']
    const said = typeof data === 'object' && data !== null && 'message' in data ? data.message : ''
    throw new ToolFailure(`Subagent failed (task_id: ${child.info.id}): ${String(said)}`, metadata)
  }
  const said = [...(last?.parts.values() ?? [])].findLast((part) => part.type === 'text')
  return {
    output: `<task id="${child.info.id}" state="completed">\n<task_result>\n${String(said?.['text'] ?? '')}\n</task_result>\n</task>`,
    title: input['description'],
    metadata,
  }
}
