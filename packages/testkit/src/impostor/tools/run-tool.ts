import { applyPatch } from './apply-patch.js'
import { bash, limitMs } from './bash.js'
import { edit, read, write } from './file-tools.js'
import { permit } from './permit.js'
import { glob, grep } from './search.js'
import { planExit } from './plan-exit.js'
import { question } from './question.js'
import { task } from './task.js'
import { flawOfInput } from './tool-inputs.js'
import { type ToolCall, ToolFailure, type ToolContext, type ToolResult } from './tool-context.js'

/** Runs a tool as the real server would, as far as a fake can. */
export async function runTool(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  if (call.refusal !== null) throw new ToolFailure(call.refusal)
  const flaw = flawOfInput(call.tool, call.input)
  if (flaw !== null) throw new ToolFailure(flaw)
  const { gate } = call.step
  // The server asks first, and then calls who has the tool.
  if (context.world.settings.tools.includes(call.tool)) await permit(call, context, wishOf(call))
  if (gate !== undefined) await context.world.gates.pass(gate, context.signal)
  const tookMs = Math.min(call.step.tookMs ?? 0, limitMs(call))
  if (tookMs > 0) await context.world.clock.sleep(tookMs, { signal: context.signal })
  if (call.step.error !== undefined) throw new ToolFailure(call.step.error)
  switch (call.tool) {
    case 'write':
      return write(call, context)
    case 'edit':
      return edit(call, context)
    case 'read':
      return read(call, context)
    case 'apply_patch':
      return applyPatch(call, context)
    case 'bash':
      return bash(call, context)
    case 'glob':
      return glob(call, context)
    case 'grep':
      return grep(call, context)
    case 'question':
      return question(call, context)
    case 'plan_exit':
      return planExit(call, context)
    case 'todowrite':
      return todowrite(call, context)
    case 'webfetch':
      return webfetch(call, context)
    case 'task':
      return task(call, context)
    case 'StructuredOutput':
      return {
        output: 'Structured output captured successfully.',
        title: 'Structured Output',
        metadata: { valid: true },
      }
    case 'invalid':
      return {
        output: `The arguments provided to the tool are invalid: ${String(call.input['error'])}`,
        title: 'Invalid Tool',
        metadata: {},
      }
    default:
      return context.world.settings.tools.includes(call.tool)
        ? { output: call.step.output ?? '', title: '', metadata: {} }
        : plain(call, context)
  }
}

async function todowrite(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  await permit(call, context, {
    permission: 'todowrite',
    patterns: ['*'],
    always: ['*'],
    metadata: {},
  })
  const given: unknown = call.input['todos']
  const todos: readonly Record<string, unknown>[] = Array.isArray(given) ? given : []
  context.session.todos = todos
  context.world.bus.publish(context.session.info.directory, 'todo.updated', {
    sessionID: context.session.info.id,
    todos,
  })
  const open = todos.filter((todo) => todo['status'] !== 'completed').length
  return { output: JSON.stringify(todos, null, 2), title: `${open} todos`, metadata: { todos } }
}

async function webfetch(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const url = String(call.input['url'])
  const { format = 'markdown', timeout } = call.input
  if (!/^https?:\/\//u.test(url)) throw new ToolFailure('URL must start with http:// or https://')
  await permit(call, context, {
    permission: 'webfetch',
    patterns: [url],
    always: ['*'],
    metadata: { url, format, timeout },
  })
  return { output: call.step.output ?? '', title: `${url} (text/html)`, metadata: {} }
}

/** To call a tool of an MCP server. */
function wishOf({ tool }: ToolCall): Parameters<typeof permit>[2] {
  return { permission: tool, patterns: ['*'], always: ['*'], metadata: {} }
}

async function plain(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const pattern = String(call.input['pattern'] ?? call.input['name'] ?? '*')
  if (call.tool === 'skill' && call.step.output === undefined)
    throw new ToolFailure(`Skill "${pattern}" not found. Available skills: customize-opencode`)
  const isSkill = call.tool === 'skill'
  await permit(call, context, {
    permission: call.tool,
    patterns: [pattern],
    always: [isSkill ? pattern : '*'],
    metadata: isSkill ? {} : { ...call.input },
  })
  return { output: call.step.output ?? '', title: pattern, metadata: {} }
}
