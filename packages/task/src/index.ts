/**
 * OpenCode as a tool of another model: a chat built on the AI SDK delegates a task to the agent, and the page shows all of its
 * work inside the chat.
 *
 * ```ts
 * const result = streamText({ model, messages, tools: { code: opencodeTask({ client, scope: chatId }) } })
 * ```
 *
 * @packageDocumentation
 */
export { opencodeTask } from './opencode-task.js'
export type { OpenCodeTask } from './opencode-task.js'
export type { OpenCodeTaskOptions, RunOptions, ToolOptions } from './task-options.js'
export type { OpenCodeTaskInput } from './task-input.js'
export { isRunOutput } from './run-output.js'
export type { OpenCodeRunOutput, RunError, RunOutputFile } from './run-output.js'
export { toRunOutput } from './output/to-run-output.js'
export type { OutputOptions, RunFacts } from './output/to-run-output.js'
export { pruneSubMessages } from './prune-messages.js'
export { answerTask } from './answer-task.js'
export type { TaskAnswer } from './answer-task.js'
export type { AgentSource, ServerAddress } from './run/connection.js'
export type { AgentClient } from './agent-client.js'
export { scopeOfSession } from './run/session-scope.js'
export type { TurnSettings } from './run/run-setup.js'
export type { TaskCall, TaskRows } from './run/task-rows.js'
export { hostTool } from './host-tools/host-tool.js'
export type { HostTool, HostToolCall, HostTools, HostToolSchema } from './host-tools/host-tool.js'
export { openHostToolDoor } from './host-tools/door.js'
export type { HostToolDoor, HostToolDoorOptions } from './host-tools/door.js'
export type { McpPort } from './host-tools/mcp-port.js'
export { TaskError } from './errors.js'
export type { TaskErrorCode } from './errors.js'
export type { Clock } from './clock.js'
