import type { SessionRecord } from '../state/records.js'
import { putPart, type World } from '../state/world.js'
import { permit } from './permit.js'
import { type ToolCall, ToolFailure, type ToolContext, type ToolResult } from './tool-context.js'

/** `task`: a sub-agent works in a session of its own. */
export async function task(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const { session, world } = context
  const agent = String(call.input['subagent_type'] ?? '')
  if (call.input['background'] === true && !world.settings.experimental.backgroundSubagents) {
    throw new ToolFailure(
      'Background subagents require OPENCODE_EXPERIMENTAL_BACKGROUND_SUBAGENTS=true',
    )
  }
  const most = Number(world.settings.config['subagent_depth'] ?? 1)
  if (depthOf(world, session) >= most) {
    throw new ToolFailure(
      `Subagent depth limit reached (${most}). Increase "subagent_depth" to allow nested subagents.`,
    )
  }
  await permit(call, context, {
    permission: 'task',
    patterns: [agent],
    always: ['*'],
    metadata: { description: call.input['description'], subagent_type: agent },
  })
  return context.delegate(call.input, (metadata) => {
    if (context.isOver()) return
    putPart(world, session, {
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

/** How many sessions stand above one. */
function depthOf(world: World, session: SessionRecord): number {
  const parent = world.sessions.get(session.info.parentID ?? '')
  return parent ? depthOf(world, parent) + 1 : 0
}
