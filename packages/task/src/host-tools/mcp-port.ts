/** What is used of the server's MCP routes; `mcp` of wire's client. */
export interface McpPort {
  /** Connects a server under its name, in place of one that has it. */
  add(
    server: {
      readonly name: string
      readonly config: {
        readonly type: 'remote'
        readonly url: string
        readonly oauth: false
        readonly timeout: number
      }
    },
    options?: { readonly timeoutMs?: number },
  ): Promise<unknown>
  /** The state of each, by name. Without it a server that may have forgotten one is told again, which breaks calls under way. */
  status?(options?: { readonly timeoutMs?: number }): Promise<unknown>
  disconnect(name: string, options?: { readonly timeoutMs?: number }): Promise<unknown>
}
