import { putPart } from '../state/world.js'
import { applyPatch } from './apply-patch.js'
import { edit, read, write } from './file-tools.js'
import { missingKey } from './missing-key.js'
import { permit } from './permit.js'
import { question } from './question.js'
import { type ToolCall, ToolFailure, type ToolContext, type ToolResult } from './tool-context.js'

/** Runs a tool as the real server would, as far as a fake can. */
export async function runTool(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const missing = missingKey(call.tool, call.input)
  if (missing !== null) {
    throw new ToolFailure(
      `The ${call.tool} tool was called with invalid arguments: SchemaError(Missing key\n  at ["${missing}"]).\nPlease rewrite the input so it satisfies the expected schema.`,
    )
  }
  const { gate } = call.step
  // The server asks first, and then calls who has the tool.
  if (context.world.settings.tools.includes(call.tool)) await permit(call, context, wishOf(call))
  if (gate !== undefined) await context.world.gates.pass(gate, context.signal)
  if (call.step.tookMs !== undefined) {
    await context.world.clock.sleep(call.step.tookMs, { signal: context.signal })
  }
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
    case 'question':
      return question(call, context)
    case 'todowrite':
      return todowrite(call, context)
    case 'webfetch':
      return webfetch(call, context)
    case 'task':
      return task(call, context)
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

async function bash(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const command = String(call.input['command'])
  const always = `${commandPrefix(command)} *`
  await permit(call, context, {
    permission: 'bash',
    patterns: [command],
    always: [always],
    metadata: { command },
  })
  const output = call.step.output ?? ''
  const update = (soFar: string): void => {
    if (context.isOver()) return
    putPart(context.world, context.session, {
      ...call.part,
      state: {
        metadata: { output: soFar },
        status: 'running',
        input: call.input,
        time: { start: call.startedAt },
      },
    })
  }
  update('')
  let soFar = ''
  for (const piece of call.step.progress ?? (output === '' ? [] : [output])) {
    soFar += piece
    update(soFar)
  }
  const shown = output === '' ? soFar : output
  return {
    output: shown === '' ? '(no output)' : shown,
    title: command,
    metadata: {
      output: shown === '' ? '(no output)' : shown,
      exit: call.step.exit ?? 0,
      truncated: false,
    },
  }
}

/** How many words name a command, where it is not one. */
const wordsOf: Readonly<Record<string, number>> = {
  git: 2,
  npm: 2,
  pnpm: 2,
  docker: 2,
  cargo: 2,
  go: 2,
}

function commandPrefix(command: string): string {
  const words = command.split(/\s+/u)
  return words.slice(0, wordsOf[words[0] ?? ''] ?? 1).join(' ')
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
  const { format, timeout } = call.input
  await permit(call, context, {
    permission: 'webfetch',
    patterns: [url],
    always: ['*'],
    metadata: { url, format, timeout },
  })
  return { output: call.step.output ?? '', title: `${url} (text/html)`, metadata: {} }
}

async function task(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const agent = String(call.input['subagent_type'] ?? '')
  await permit(call, context, {
    permission: 'task',
    patterns: [agent],
    always: ['*'],
    metadata: { description: call.input['description'], subagent_type: agent },
  })
  return context.delegate(call.input, (metadata) => {
    if (context.isOver()) return
    putPart(context.world, context.session, {
      ...call.part,
      state: {
        title: call.input['description'],
        metadata,
        status: 'running',
        input: call.input,
        time: { start: call.startedAt },
      },
    })
  })
}

/** To call a tool of an MCP server. */
function wishOf({ tool }: ToolCall): Parameters<typeof permit>[2] {
  return { permission: tool, patterns: ['*'], always: ['*'], metadata: {} }
}

async function plain(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const pattern = String(call.input['pattern'] ?? call.input['name'] ?? '*')
  await permit(call, context, {
    permission: call.tool,
    patterns: [pattern],
    always: ['*'],
    metadata: { ...call.input },
  })
  return { output: call.step.output ?? '', title: pattern, metadata: {} }
}
