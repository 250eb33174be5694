import type { TurnClient } from '@turnstead/turn'
import type { McpPort } from './host-tools/mcp-port.js'

/** A client of `@turnstead/wire`, or anything of its shape. With `fs`, result files are looked for, and with `mcp` there are host tools. */
export interface AgentClient extends TurnClient {
  /** For host tools. */
  readonly mcp?: McpPort
  readonly fs?: {
    read(
      path: string,
      options?: { readonly timeoutMs?: number },
    ): Promise<{ readonly body: { destroy(): unknown } }>
  }
}
