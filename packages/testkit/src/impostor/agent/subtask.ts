import { agentNames, agentOf } from '../state/agents.js'
import {
  asRecord,
  noTokens,
  type Json,
  type MessageInfo,
  type MessageRecord,
  type Part,
  type SessionRecord,
} from '../state/records.js'
import {
  putMessage,
  putPart,
  setStatus,
  tellError,
  worktreeOf,
  type World,
} from '../state/world.js'
import { ToolFailure } from '../tools/tool-context.js'
import { delegate, type Delegation } from './delegate.js'
import { MessageFailure } from '../steps/provider-failure.js'

/** What the server asks for once a command has run as a sub-agent. */
const goOn = 'Summarize the task tool output above and continue with your task.'

/** Subtasks that have been run, by their part. */
const done = new WeakSet<Part>()

/** The next subtask of a prompt; null when there is none left. */
export function nextSubtask(user: MessageRecord): Part | null {
  return (
    [...user.parts.values()].findLast((part) => part.type === 'subtask' && !done.has(part)) ?? null
  )
}

/** Runs a subtask in a child session, as a message of its own with a `task` tool. */
export async function runSubtask(
  world: World,
  session: SessionRecord,
  user: MessageRecord,
  part: Part,
  context: { readonly signal: AbortSignal; readonly run: Delegation['run'] },
): Promise<void> {
  done.add(part)
  const agent = String(part['agent'])
  const message = openMessage(world, session, user, part)
  const input: Json = {
    prompt: part['prompt'],
    description: part['description'],
    subagent_type: agent,
    ...(part['command'] === undefined ? {} : { command: part['command'] }),
  }
  const start = world.identity.stamp()
  const tool: Part = {
    id: world.identity.id('prt'),
    messageID: message.info.id,
    sessionID: session.info.id,
    type: 'tool',
    callID: `01${world.identity.hex(24).toUpperCase()}`,
    tool: 'task',
  }
  const show = (state: Json): void =>
    putPart(world, session, { ...tool, state: { ...state, input } })
  show({ status: 'running', time: { start } })
  if (agentOf(world, agent) === null) throw unknownAgent(world, session, agent)
  const complete = (): void => {
    const completed = world.identity.stamp()
    const time = { ...message.info.time, completed }
    putMessage(world, session, { ...message.info, finish: 'tool-calls', time })
  }
  const time = (): Json => ({ start, end: world.identity.stamp() })
  try {
    const result = await delegate({
      world,
      session,
      message,
      input,
      ...context,
      update: (metadata) =>
        show({ status: 'running', title: input['description'], metadata, time: { start } }),
    })
    complete()
    const metadata = { ...result.metadata, truncated: false }
    const { output, title } = result
    show({ status: 'completed', output, title, metadata, time: time() })
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error
    complete()
    show({ status: 'error', error: `Tool execution failed: ${error.message}`, time: time() })
  }
  if (part['command'] !== undefined) askToGoOn(world, session, user)
}

function openMessage(
  world: World,
  session: SessionRecord,
  user: MessageRecord,
  part: Part,
): MessageRecord {
  const { directory, id: sessionID } = session.info
  const model = asRecord(part['model']) ?? asRecord(user.info['model']) ?? {}
  const agent = String(part['agent'])
  return putMessage(world, session, {
    id: world.identity.id('msg'),
    role: 'assistant',
    parentID: user.info.id,
    sessionID,
    mode: agent,
    agent,
    path: { cwd: directory, root: worktreeOf(world, directory) },
    cost: 0,
    tokens: noTokens(),
    modelID: model['modelID'],
    providerID: model['providerID'],
    time: { created: world.identity.stamp() },
  })
}

function askToGoOn(world: World, session: SessionRecord, user: MessageRecord): void {
  const { agent, model } = user.info
  const info: MessageInfo = {
    id: world.identity.id('msg'),
    sessionID: session.info.id,
    role: 'user',
    time: { created: world.identity.stamp() },
    agent,
    model,
  }
  putMessage(world, session, info)
  putPart(world, session, {
    id: world.identity.id('prt'),
    messageID: info.id,
    sessionID: session.info.id,
    type: 'text',
    text: goOn,
    synthetic: true,
  })
}

function unknownAgent(world: World, session: SessionRecord, agent: string): MessageFailure {
  const names = agentNames(world).join(', ')
  const data = { message: `Agent not found: "${agent}". Available agents: ${names}` }
  const shown = { name: 'UnknownError', data }
  tellError(world, session, shown)
  setStatus(world, session, { type: 'idle' })
  return new MessageFailure(shown)
}
