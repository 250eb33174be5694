import { request } from 'node:http'

/** A call of a host tool as the server makes it at a lasting address: over a connection that may break. */
export interface LastingCall {
  /** The id of the newest event, once there are so many. */
  id(count: number): Promise<string>
  /** The text of the answer; null when the connection ended without one. */
  readonly answer: Promise<{ readonly text: string; readonly isError: boolean } | null>
  readonly status: Promise<number>
  /** Breaks the connection. */
  cut(): void
}

/** A new call, or one to go on with. */
export function lastingCall(
  url: string,
  what: { readonly tool: string; readonly input: object; readonly id?: number } | string,
): LastingCall {
  const headers = typeof what === 'string' ? { 'last-event-id': what } : {}
  const sent = request(url, { method: typeof what === 'string' ? 'GET' : 'POST', headers })
  const ids: string[] = []
  const waiting = new Set<() => void>()
  let text = ''
  let resolveStatus: (status: number) => void = () => undefined
  const status = new Promise<number>((resolve) => (resolveStatus = resolve))
  const ended = new Promise<void>((resolve) => {
    sent.on('error', () => resolve())
    sent.on('response', (response) => {
      resolveStatus(response.statusCode ?? 0)
      response.on('error', () => resolve())
      response.on('close', () => resolve())
      response.on('data', (chunk) => {
        text += String(chunk)
        ids.splice(0, ids.length, ...[...text.matchAll(/^id: (.+)$/gm)].map(([, id = '']) => id))
        for (const look of waiting) look()
      })
    })
  })
  if (typeof what !== 'string') {
    const { tool: name, input, id = 1 } = what
    const message = { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: input } }
    sent.write(JSON.stringify(message))
  }
  sent.end()
  return {
    status,
    id: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          const id = ids[count - 1]
          if (id === undefined) return
          waiting.delete(look)
          resolve(id)
        }
        waiting.add(look)
        look()
      }),
    answer: ended.then(() => {
      const [, json] = /^(?:data: | *)(\{.+)$/m.exec(text) ?? []
      if (json === undefined) return null
      const { result } = JSON.parse(json) as {
        readonly result: { content: { text: string }[]; isError?: boolean }
      }
      return {
        text: result.content.map((each) => each.text).join(''),
        isError: result.isError === true,
      }
    }),
    cut: () => sent.destroy(),
  }
}
