import type { BodyFor, CallOptions, ResponseOf } from '../operation-types.js'
import type { Request } from '../http/request.js'

/** MCP servers of the directory. */
export interface McpResource {
  /** State of each, by name. */
  status(options?: CallOptions): Promise<ResponseOf<'GET', '/mcp'>>
  /** Adds one until the directory is unloaded. */
  add(server: BodyFor<'POST', '/mcp'>, options?: CallOptions): Promise<ResponseOf<'POST', '/mcp'>>
  /** Connects one. */
  connect(name: string, options?: CallOptions): Promise<boolean>
  /** Disconnects one. */
  disconnect(name: string, options?: CallOptions): Promise<boolean>
}

export function createMcpResource(request: Request): McpResource {
  return {
    status: (options) => request('GET', '/mcp', options),
    add: (body, options) => request('POST', '/mcp', { ...options, body }),
    connect: (name, options) =>
      request('POST', '/mcp/{name}/connect', { ...options, params: { name } }),
    disconnect: (name, options) =>
      request('POST', '/mcp/{name}/disconnect', { ...options, params: { name } }),
  }
}
