import type { ToolStep } from '../../script/steps.js'
import { rulesOf } from '../state/asks.js'
import { MessageFailure, storeFailure } from './provider-failure.js'
import { asRecord, type Json } from '../state/records.js'
import { jsonMistake } from '../tools/json-mistake.js'
import { refusedInput } from '../tools/tool-inputs.js'
import { runTool } from '../tools/run-tool.js'
import { ToolFailure, ToolStop, type ToolCall, type ToolContext } from '../tools/tool-context.js'
import type { MessageRecord, Part, SessionRecord } from '../state/records.js'
import { isTakenAway } from '../state/permission-rules.js'
import { agentRules } from '../state/agents.js'
import { putPart, type World } from '../state/world.js'

/** The tool that a model answers with when a prompt asks for an object. */
export const structuredOutput = 'StructuredOutput'

const known = new Set([
  'bash',
  'edit',
  'glob',
  'grep',
  'invalid',
  'plan_exit',
  'question',
  'read',
  'skill',
  'task',
  'todowrite',
  'webfetch',
  'write',
  'apply_patch',
  structuredOutput,
])

/** Works out what a call is; nothing is said of it yet. */
export function prepareTool(
  world: World,
  session: SessionRecord,
  message: MessageRecord,
  step: ToolStep,
  callId: string,
): ToolCall {
  const more = world.settings.tools
  const { tool, input, refusal = null } = resolveCall(step, offered(world, session, message), more)
  const startedAt = world.identity.stamp()
  const part: Part = {
    id: world.identity.id('prt'),
    messageID: message.info.id,
    sessionID: session.info.id,
    type: 'tool',
    tool,
    callID: callId,
    state: { status: 'running', input, time: { start: startedAt } },
  }
  return { step, part, callId, tool, input, refusal, startedAt }
}

const editing = new Set(['apply_patch', 'edit', 'write'])

/** Announces a call: `pending` under the model's name, then `running` under the real one. */
export function announceTool(world: World, session: SessionRecord, call: ToolCall): void {
  const state = { status: 'pending', input: {}, raw: '' }
  putPart(world, session, { ...call.part, tool: call.step.tool, state })
  putPart(world, session, call.part)
}

/** Which tools the model is offered: `apply_patch` replaces `edit` and `write` for some model ids. */
function offered(world: World, session: SessionRecord, message: MessageRecord): readonly string[] {
  const user = session.messages.get(message.info.parentID ?? '')
  const isStructured = asRecord(user?.info['format'])?.['type'] === 'json_schema'
  const model = String(message.info['modelID'] ?? '')
  const patches = model.includes('gpt-') && !model.includes('oss') && !model.includes('gpt-4')
  const rules = rulesOf(session, agentRules(world, message.info.agent), world.asks)
  return [...known, ...world.settings.tools]
    .filter((name) => {
      if (name === structuredOutput) return isStructured
      if (isTakenAway(rules, name)) return false
      if (name === 'plan_exit') return world.settings.experimental.planMode
      if (name === 'apply_patch') return patches
      return !(patches && (name === 'edit' || name === 'write'))
    })
    .toSorted()
}

function resolveCall(
  step: ToolStep,
  tools: readonly string[],
  more: readonly string[],
): { tool: string; input: Record<string, unknown>; refusal?: string } {
  const lower = step.tool.toLowerCase()
  const isKnown = known.has(step.tool) || more.includes(step.tool)
  const name = isKnown ? step.tool : known.has(lower) ? lower : null
  // Scripts may call either kind of editing tool with any model.
  const isOffered =
    name !== null &&
    (tools.includes(name) || (editing.has(name) && tools.some((each) => editing.has(each))))
  if (name === null || !isOffered) {
    const known = `Available tools: ${tools.join(', ')}.`
    // An agent that may do next to nothing lacks the tool for mistakes as well.
    if (!tools.includes('invalid')) {
      const refusal = `Model tried to call unavailable tool 'invalid'. ${known}`
      const input = typeof step.input === 'string' ? {} : { ...step.input }
      return { tool: step.tool, input, refusal }
    }
    const error = `Model tried to call unavailable tool '${step.tool}'. ${known}`
    return { tool: 'invalid', input: { tool: step.tool, error } }
  }
  if (typeof step.input !== 'string') return { tool: name, input: { ...step.input } }
  if (step.input.trim() === '') return { tool: name, input: {} }
  const mistake = jsonMistake(step.input)
  if (mistake === null) {
    const value: unknown = JSON.parse(step.input)
    const input = asRecord(value)
    if (input !== null) return { tool: name, input }
    const refusal = refusedInput(name, `Expected object, got ${JSON.stringify(value)}`)
    return { tool: name, input: { value }, refusal }
  }
  const error = `Invalid input for tool ${step.tool}: JSON parsing failed: Text: ${step.input}.\nError message: JSON Parse error: ${mistake}`
  return { tool: 'invalid', input: { tool: step.tool, error } }
}

/** Runs a call to its end and updates its part. The result tells whether the turn stops after this step. */
export async function finishTool(
  call: ToolCall,
  context: ToolContext,
): Promise<'continue' | 'stop'> {
  const { world, session } = context
  const end = (state: Record<string, unknown>): void => {
    if (context.isOver()) return
    if (!world.sessions.has(session.info.id)) throw new MessageFailure(storeFailure)
    const time = { start: call.startedAt, end: world.identity.stamp() }
    putPart(world, session, { ...call.part, tool: call.tool, state: { ...state, time } })
  }
  try {
    const result = await runTool(call, context)
    end({
      status: 'completed',
      input: call.input,
      output: scripted(call) ?? result.output,
      metadata: {
        ...result.metadata,
        ...(call.tool === structuredOutput
          ? {}
          : { truncated: result.metadata['truncated'] ?? false }),
        ...call.step.metadata,
      },
      title: result.title,
      ...attached(world, call, result.attachments),
    })
    return 'continue'
  } catch (error) {
    if (context.isOver()) return 'stop'
    if (error instanceof ToolStop || error instanceof ToolFailure) {
      const known = error.metadata === undefined ? {} : { metadata: error.metadata }
      end({ status: 'error', input: call.input, error: error.message, ...known })
      return error instanceof ToolStop ? 'stop' : 'continue'
    }
    throw error
  }
}

/** The output that the script gives a tool that runs; an empty one of a command is worded as the server words it. */
function scripted({ step, tool }: ToolCall): string | null {
  return step.output === undefined || tool === 'invalid' || tool === 'bash' ? null : step.output
}

/** Files of a result as parts of the call's message. */
function attached(
  world: World,
  { part }: ToolCall,
  files: readonly Json[] | undefined,
): { attachments?: readonly Json[] } {
  if (files === undefined) return {}
  const { messageID, sessionID } = part
  const add = (file: Json): Json => ({
    id: world.identity.id('prt'),
    ...file,
    messageID,
    sessionID,
  })
  return { attachments: files.map(add) }
}

/** Marks a call that an abort has cut short. */
export function interruptTool(call: ToolCall, context: ToolContext): void {
  const { world, session } = context
  const parts = session.messages.get(call.part.messageID)?.parts
  const state = asRecord(parts?.get(call.part.id)?.['state']) ?? {}
  if (state['status'] === 'completed' || state['status'] === 'error') return
  const time = { start: call.startedAt, end: world.identity.stamp() }
  const metadata = asRecord(state['metadata']) ?? {}
  // One that waits for a person has not begun.
  if (call.tool === 'bash' && metadata['output'] !== undefined) {
    const said = String(metadata['output'] ?? '')
    const output = `${said}\n\n<shell_metadata>\nUser aborted the command\n</shell_metadata>`
    const ended = { output, exit: null, truncated: false }
    const title = call.input['command']
    const completed = {
      status: 'completed',
      input: call.input,
      output,
      title,
      metadata: ended,
      time,
    }
    return putPart(world, session, { ...call.part, state: completed })
  }
  const error = {
    status: 'error',
    input: call.input,
    time,
    error: 'Tool execution aborted',
    metadata: { ...metadata, interrupted: true },
  }
  const { title } = state
  putPart(world, session, {
    ...call.part,
    state: title === undefined ? error : { ...error, title },
  })
  // The event shows the title of the running tool; what is stored does not.
  parts?.set(call.part.id, { ...call.part, state: error })
}
