import { realTime } from '../../real-time.js'
import { storePrompt } from '../history/prompts.js'
import { asRecord, type Json, type MessageRecord, type SessionRecord } from '../state/records.js'
import { createSession } from '../state/sessions.js'
import { agentNames, agentOf, agentRules } from '../state/agents.js'
import { ToolFailure, type ToolResult } from '../tools/tool-context.js'
import type { World } from '../state/world.js'
import { launched, reportEnd, showTask, TaskCancelled, type TaskJob } from './background-tasks.js'

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => realTime.setImmediate(resolve))

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

/**
 * Starts a child session, or takes one up again, and resolves with its last text, or at once when it is to work in the
 * background. The child gets the parent's `deny` rules, not its `ask` rules.
 */
export async function delegate(delegation: Delegation): Promise<ToolResult> {
  const { world, session, message, signal, input, update } = delegation
  const agent = String(input['subagent_type'])
  if (!agentNames(world).includes(agent)) {
    throw new ToolFailure(`Unknown agent type: ${agent} is not a valid agent type`)
  }
  const isBackground = input['background'] === true
  const description = String(input['description'])
  const known = world.sessions.get(String(input['task_id']))
  const child = known ?? startChild(world, session, agent, description)
  const { id } = child.info
  const { modelID, providerID } = message.info
  // The child thinks with its agent's model, else with the one that calls it.
  const model = agentOf(world, agent)?.model ?? {
    modelID: String(modelID),
    providerID: String(providerID),
  }
  const place = { parentSessionId: session.info.id, sessionId: id, model }
  const metadata = isBackground ? { ...place, background: true } : place
  update(metadata)
  const running = world.jobs.get(id)
  if (running) {
    running.more.push(() => work(delegation, child, { agent, model }, metadata))
    return launched('updated', id, input['description'], metadata)
  }
  const abortChild = (): void => child.run?.abort.abort(signal.reason)
  const job = startJob(world, session, id, () =>
    work(delegation, child, { agent, model }, metadata),
  )
  const goOn = (): ToolResult => {
    reportEnd(world, session, child, description, job, delegation.run)
    return launched('started', id, input['description'], metadata)
  }
  if (isBackground) return goOn()
  const promoted = new Promise<null>((resolve) => (job.promote = () => resolve(null)))
  signal.addEventListener('abort', abortChild, { once: true })
  try {
    const said = await Promise.race([job.ended, promoted])
    signal.throwIfAborted()
    if (said !== null)
      return { output: showTask(id, 'completed', said), title: input['description'], metadata }
    update({ ...metadata, background: true, jobId: id })
    return goOn()
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    job.promote = null
    signal.removeEventListener('abort', abortChild)
  }
}

/** Works until nothing more is asked for. */
function startJob(
  world: World,
  session: SessionRecord,
  id: string,
  first: () => Promise<string>,
): TaskJob {
  const more: (() => Promise<string>)[] = []
  const workOff = async (): Promise<string> => {
    let said = await first()
    for (let next = more.shift(); next !== undefined; next = more.shift()) {
      while (world.sessions.get(id)?.run) await turnOfTheLoop()
      said = await next()
    }
    return said
  }
  const job: TaskJob = { parentId: session.info.id, promote: null, more, ended: workOff() }
  world.jobs.set(id, job)
  const forget = (): void => void world.jobs.delete(id)
  job.ended.then(forget, forget)
  return job
}

/** Prompts the child and resolves with its last text. */
async function work(
  { world, input, run }: Delegation,
  child: SessionRecord,
  by: {
    readonly agent: string
    readonly model: { readonly providerID: string; readonly modelID: string }
  },
  metadata: Json,
): Promise<string> {
  storePrompt(world, child, {
    parts: [{ type: 'text', text: String(input['prompt']) }],
    ...by,
  })
  const last = await run(world, child)
  const failure = last?.info.error
  if (failure?.['name'] === 'MessageAbortedError') {
    // Who stopped it has more to do, such as to delete the parent.
    await turnOfTheLoop()
    throw new TaskCancelled(metadata)
  }
  const parts = [...(last?.parts.values() ?? [])]
  const states = parts.map((part) => asRecord(part.type === 'tool' ? part['state'] : null) ?? {})
  const reason = failure
    ? asRecord(failure['data'])?.['message']
    : states.findLast((state) => state['status'] === 'error')?.['error']
  if (reason !== undefined)
    throw new ToolFailure(
      `Subagent failed (task_id: ${child.info.id}): ${String(reason)}`,
      metadata,
    )
  return String(parts.findLast((part) => part.type === 'text')?.['text'] ?? '')
}

function startChild(
  world: World,
  session: SessionRecord,
  agent: string,
  description: string,
): SessionRecord {
  const inherited = (session.info.permission ?? []).filter(
    (rule) => rule.action === 'deny' || rule.permission === 'external_directory',
  )
  return createSession(world, session.info.directory, {
    parentID: session.info.id,
    agent,
    title: `${description} (@${agent} subagent)`,
    permission: [
      ...inherited,
      ...['todowrite', 'task'].flatMap((permission) =>
        agentRules(world, agent).some((rule) => rule.permission === permission)
          ? []
          : [{ permission, pattern: '*', action: 'deny' } as const],
      ),
    ],
  })
}
