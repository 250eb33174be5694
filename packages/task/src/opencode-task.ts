import type { Tool } from 'ai'
import * as sdk from 'ai'
import { toModelOutput } from './model-output.js'
import { connectTo } from './run/connection.js'
import { runAgent } from './run/run-agent.js'
import type { OpenCodeRunOutput } from './run-output.js'
import { type OpenCodeTaskInput, readTaskInput, taskInputSchema } from './task-input.js'
import { assertKnown } from './known-options.js'
import { type OpenCodeTaskOptions, resolveRunOptions, taskNames } from './task-options.js'

/** The tool, as `tools` of the AI SDK take it. */
export type OpenCodeTask = Tool<OpenCodeTaskInput, OpenCodeRunOutput>

const defaultDescription =
  'Gives a task to a coding agent that works in a directory of its own: it reads and writes files, runs commands, and reports what it did.'

/** What all versions of the AI SDK give to `execute`. */
interface ExecuteOptions {
  readonly toolCallId: string
  readonly abortSignal?: AbortSignal | undefined
}

/**
 * OpenCode as a tool for a model of the AI SDK, versions 5, 6 and 7. Calls run side by side, each in a session of its own
 * unless it names one to continue. Aborting the outer call stops the agent.
 *
 * @throws RangeError, TypeError for options that make no sense.
 *
 * @example
 * const result = streamText({ model, messages, tools: { code: opencodeTask({ client, scope: chatId }) }, stopWhen: stepCountIs(5) })
 */
export function opencodeTask(options: OpenCodeTaskOptions): OpenCodeTask {
  return createTask(sdk, options)
}

/** What is used of any version of the AI SDK. */
type Sdk = Pick<typeof sdk, 'jsonSchema'>

/** @internal With any version of the AI SDK. */
export function createTask(ai: Sdk, options: OpenCodeTaskOptions): OpenCodeTask {
  if (typeof options !== 'object' || options === null)
    throw new TypeError('`opencodeTask` needs options with `client` or `server`')
  assertKnown('`opencodeTask`', options, taskNames)
  if ((options.client === undefined) === (options.server === undefined))
    throw new TypeError('`opencodeTask` needs one of `client` and `server`')
  const { description = defaultDescription, needsApproval } = options
  if (needsApproval !== undefined && !/^(?:boolean|function)$/.test(typeof needsApproval)) {
    throw new TypeError('`needsApproval` must be true, false or a function')
  }
  // It came with this one; version 5 would leave it out in silence, and run what no one approved.
  if (needsApproval !== undefined && needsApproval !== false && !('ToolLoopAgent' in ai)) {
    throw new TypeError('`needsApproval` needs version 6 of `ai` or a later one')
  }
  const setup = resolveRunOptions(connectTo(options), options)
  return {
    description,
    inputSchema: ai.jsonSchema<OpenCodeTaskInput>(
      // Where `@types/json-schema` is installed, a list that cannot be written is refused.
      { ...taskInputSchema, required: [...taskInputSchema.required] },
      { validate },
    ),
    execute(input: OpenCodeTaskInput, { toolCallId, abortSignal }: ExecuteOptions) {
      const { prompt, sessionId, outputFile } = readTaskInput(input)
      return runAgent(setup, {
        callId: toolCallId,
        prompt,
        sessionId: sessionId ?? null,
        outputFile: outputFile ?? null,
        signal: abortSignal,
      })
    },
    toModelOutput,
    ...(needsApproval !== undefined && { needsApproval }),
  }
}

type Validated =
  | { readonly success: true; readonly value: OpenCodeTaskInput }
  | { readonly success: false; readonly error: Error }

function validate(value: unknown): Validated {
  try {
    return { success: true, value: readTaskInput(value) }
  } catch (error) {
    return { success: false, error: error instanceof Error ? error : new TypeError(String(error)) }
  }
}
