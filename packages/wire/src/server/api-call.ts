import { request, type IncomingMessage } from 'node:http'
import type { Clock } from '../clock.js'

/** Where a server is and how it is spoken to. */
export interface ApiTarget {
  readonly url: string
  readonly authorization: string | null
  readonly directory: string
}

/** What came of a call; it never throws for what the server or the network did. */
export type ApiAnswer =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly isJson: boolean
      readonly text: string
    }
  | { readonly kind: 'timeout' | 'connection' }

/** One call on a connection of its own, so that no socket of it is left and it waits for no other call. */
export async function callApi(
  target: ApiTarget,
  call: { method: 'GET' | 'POST'; path: string; query?: Readonly<Record<string, string>> },
  options: { clock: Clock; timeoutMs: number; signal?: AbortSignal },
): Promise<ApiAnswer> {
  const { clock, timeoutMs, signal } = options
  signal?.throwIfAborted()
  const stop = new AbortController()
  const abort = (): void => stop.abort(signal?.reason)
  signal?.addEventListener('abort', abort)
  const url = new URL(target.url + call.path)
  url.search = new URLSearchParams({ directory: target.directory, ...call.query }).toString()
  try {
    return await Promise.race([
      send(url, call.method, target.authorization, stop.signal),
      clock.sleep(timeoutMs, { signal: stop.signal }).then(() => ({ kind: 'timeout' }) as const),
    ])
  } finally {
    signal?.removeEventListener('abort', abort)
    stop.abort()
    signal?.throwIfAborted()
  }
}

function send(
  url: URL,
  method: string,
  authorization: string | null,
  signal: AbortSignal,
): Promise<ApiAnswer> {
  const headers = authorization === null ? {} : { authorization }
  return new Promise((resolve) => {
    const failed = (): void => resolve({ kind: 'connection' })
    const sent = request(url, { method, agent: false, headers, signal }, (response) => {
      readStart(response).then((text) => {
        const isJson = (response.headers['content-type'] ?? '').startsWith('application/json')
        resolve({ kind: 'answer', status: response.statusCode ?? 0, isJson, text })
      }, failed)
    })
    sent.on('error', failed)
    sent.end()
  })
}

const maxBodyLength = 1024 * 1024

async function readStart(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) {
    if (text.length < maxBodyLength) text += String(chunk)
  }
  return text.slice(0, maxBodyLength)
}
