import type { Client } from '@turnstead/wire'
import type { McpPort } from '../../src/index.js'

/** What an OpenCode server does with host tools, done by a test: it is told of an address, and calls it. */
export interface McpCaller {
  /** The client, with this for its MCP routes. */
  readonly client: Client
  readonly added: { readonly name: string; readonly url: string }[]
  readonly disconnected: string[]
  /** What the server says of those that it knows; empty at first. */
  readonly states: Record<string, { readonly status: string }>
  /** One request to the newest address, or to another one. */
  request(method: string, params?: object, options?: RequestOptions): Promise<RpcResult>
  /** A call of a tool. */
  call(tool: string, input: object, options?: RequestOptions): Promise<CallResult>
}

export interface RequestOptions {
  readonly url?: string
  readonly id?: number
  /** The id of the client, as `initialize` gave it. */
  readonly client?: string
}

export interface RpcResult {
  readonly status: number
  /** The id that it gives to the client. */
  readonly client: string | null
  readonly body: { readonly result?: Record<string, unknown>; readonly error?: { code: number } }
}

export interface CallResult {
  readonly text: string
  readonly isError: boolean
}

export function mcpCaller(client: Client): McpCaller {
  const added: { name: string; url: string }[] = []
  const disconnected: string[] = []
  const states: Record<string, { readonly status: string }> = {}
  let ids = 0
  const mcp: McpPort = {
    add: async ({ name, config }) => void added.push({ name, url: config.url }),
    status: async () => states,
    disconnect: async (name) => void disconnected.push(name),
  }
  const request: McpCaller['request'] = async (method, params = {}, options = {}) => {
    const { url = added.at(-1)?.url ?? '', id = (ids += 1), client: of } = options
    const isNotice = method.startsWith('notifications/')
    const message = { jsonrpc: '2.0', method, params, ...(isNotice ? {} : { id }) }
    const headers: Record<string, string> = of === undefined ? {} : { 'mcp-session-id': of }
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(message), headers })
    const text = await answer.text()
    const body = text === '' ? {} : (JSON.parse(text) as RpcResult['body'])
    return { status: answer.status, client: answer.headers.get('mcp-session-id'), body }
  }
  return {
    client: { ...client, mcp: { ...client.mcp, ...mcp } as Client['mcp'] },
    added,
    disconnected,
    states,
    request,
    async call(tool, input, options) {
      const { body } = await request('tools/call', { name: tool, arguments: input }, options)
      const { content, isError } = body.result as {
        content: readonly { text: string }[]
        isError?: boolean
      }
      return { text: content.map(({ text }) => text).join(''), isError: isError === true }
    },
  }
}
