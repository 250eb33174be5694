/**
 * What there is to show of a tool call, for every tool of the server and known MCP servers.
 *
 * ```ts
 * const { title, diff, shell } = describeTool(part)
 * ```
 */
export { describeTool } from './tool-display/describe-tool.js'
export type {
  FileDisplay,
  ShellDisplay,
  ToolDisplay,
  ToolDisplayOptions,
  ToolField,
} from './tool-display/describe-tool.js'
export type { ToolWording } from './tool-display/known-tools.js'
