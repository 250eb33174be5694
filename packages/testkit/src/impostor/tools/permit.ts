import { rulesOf, type PermissionAnswer } from '../state/asks.js'
import { actionFor, isMatch } from '../state/permission-rules.js'
import type { Json } from '../state/records.js'
import { agentRules } from '../state/agents.js'
import { type ToolCall, ToolFailure, ToolStop, type ToolContext } from './tool-context.js'

/** What a tool wants to do. */
export interface Wish {
  readonly permission: string
  readonly patterns: readonly string[]
  readonly always: readonly string[]
  readonly metadata: Json
}

/** Resolves when the rules or a person allow it; rejects with what the tool part then says. */
export async function permit(call: ToolCall, context: ToolContext, wish: Wish): Promise<void> {
  const forced = call.step.ask
  const asked = { ...wish, ...forced }
  const { world, session } = context
  const base = agentRules(world, context.message.info.agent)
  const rules = rulesOf(session, base, world.asks)
  const actions = wish.patterns.map((pattern) => actionFor(rules, wish.permission, pattern))
  if (actions.includes('deny')) {
    const relevant = rules.filter((rule) => isMatch(rule.permission, wish.permission))
    throw new ToolFailure(
      `The user has specified a rule which prevents you from using this specific tool call. Here are some of the relevant rules ${JSON.stringify(relevant)}`,
    )
  }
  if (forced === undefined && !actions.includes('ask')) return
  const answer = await askPerson(call, context, asked)
  if (answer.reply !== 'reject') return
  const refusal = 'The user rejected permission to use this specific tool call'
  if (answer.message === null) throw new ToolStop(`${refusal}.`)
  throw new ToolFailure(`${refusal} with the following feedback: ${answer.message}`)
}

function askPerson(call: ToolCall, context: ToolContext, wish: Wish): Promise<PermissionAnswer> {
  const { world, session } = context
  const { directory } = session.info
  const isDoomLoop = wish.permission === 'doom_loop'
  const request = {
    id: world.identity.id('per'),
    sessionID: session.info.id,
    permission: wish.permission,
    patterns: wish.patterns,
    metadata: wish.metadata,
    always: wish.always,
    ...(isDoomLoop ? {} : { tool: { messageID: call.part.messageID, callID: call.callId } }),
  }
  return new Promise((resolve) => {
    world.asks.permissions.set(request.id, { request, directory, resolve })
    world.bus.publish(directory, 'permission.asked', request)
  })
}
