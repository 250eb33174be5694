import { reply, type ScenarioLike, text, tool } from '@turnstead/testkit'
import { z } from 'zod'
import {
  type HostToolCall,
  hostTool,
  type HostTools,
  opencodeTask,
  type OpenCodeRunOutput,
  type OpenCodeTaskOptions,
} from '../../src/index.js'
import { serverNameOf } from '../../src/host-tools/offer.js'
import type { McpCaller } from './mcp-caller.js'
import { execute, lastOf, openRig, type Rig } from './rig.js'

export const scope = 'chat-1'

export const fullName = (name: string, of: string = scope): string => `${serverNameOf(of)}_${name}`

/** A rig whose agent knows the tool of two chats. */
export async function open(scenario: ScenarioLike): Promise<Rig> {
  return await openRig(scenario, { tools: [fullName('weather'), fullName('weather', 'chat-2')] })
}

/** The agent calls a host tool, and the server waits until the test opens the gate. */
export const calling = (
  name: string,
  input: object,
  gateName: string,
  of: string = scope,
): ReturnType<typeof reply> =>
  reply(
    tool.call(fullName(name, of), { ...input }, { gate: gateName, output: 'as the test says' }),
    text('It is done.'),
  )

export const weather = (
  calls: HostToolCall[],
  more: Partial<HostTools[string]> = {},
): HostTools => ({
  weather: hostTool({
    description: 'The weather of a city',
    inputSchema: z.object({ city: z.string() }),
    execute: ({ city }, call) => {
      calls.push(call)
      return { city, sky: 'clear' }
    },
    ...more,
  }),
})

export function start(
  caller: McpCaller,
  hostTools: HostTools,
  more: Partial<OpenCodeTaskOptions> & { prompt?: string; toolCallId?: string } = {},
): Promise<OpenCodeRunOutput> {
  const { prompt = 'Go', toolCallId = 'call-1', ...options } = more
  const task = opencodeTask({
    scope,
    intervalMs: 10,
    ...options,
    client: caller.client,
    hostTools,
  } as OpenCodeTaskOptions)
  return lastOf(execute(task, { prompt }, { toolCallId }))
}
