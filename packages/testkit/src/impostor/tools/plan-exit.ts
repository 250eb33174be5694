import { planFile } from '../state/plan-file.js'
import { putMessage, putPart, worktreeOf } from '../state/world.js'
import { relative } from 'node:path'
import { askPerson } from './question.js'
import { type ToolCall, type ToolContext, type ToolResult, ToolStop } from './tool-context.js'

/** `plan_exit`: the person says whether the plan is good enough to be built. */
export async function planExit(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const { session, world } = context
  const path = relative(worktreeOf(world, session.info.directory), planFile(session))
  const answers = await askPerson(call, context, [
    {
      question: `Plan at ${path} is complete. Would you like to switch to the build agent and start implementing?`,
      header: 'Build Agent',
      custom: false,
      options: [
        { label: 'Yes', description: 'Switch to build agent and start implementing the plan' },
        { label: 'No', description: 'Stay with plan agent to continue refining the plan' },
      ],
    },
  ])
  if (answers === null || answers[0]?.[0] === 'No')
    throw new ToolStop('The user dismissed this question')
  const last = [...session.messages.values()].findLast(({ info }) => info.role === 'user')
  const { info } = putMessage(world, session, {
    id: world.identity.id('msg'),
    sessionID: session.info.id,
    role: 'user',
    time: { created: world.identity.stamp() },
    agent: 'build',
    model: last?.info['model'],
  })
  putPart(world, session, {
    id: world.identity.id('prt'),
    messageID: info.id,
    sessionID: session.info.id,
    type: 'text',
    text: `The plan at ${path} has been approved, you can now edit files. Execute the plan`,
    synthetic: true,
  })
  return {
    title: 'Switching to build agent',
    output: 'User approved switching to build agent. Wait for further instructions.',
    metadata: {},
  }
}
