import type { ChaosProxy } from './chaos-proxy.js'

/** What the agent was asked and how often it answered, over all sessions that the host has used. */
export interface Census {
  /** Messages of the user. */
  readonly prompts: number
  /** Messages of the assistant. */
  readonly answers: number
}

/** Counts on the server itself, past the proxy. */
export async function takeCensus(
  target: string,
  sessions: ChaosProxy['sessions'],
): Promise<Census> {
  let prompts = 0
  let answers = 0
  for (const [id, { headers, query }] of sessions) {
    const directory = new URLSearchParams(query).get('directory')
    const search = directory === null ? '' : `?directory=${encodeURIComponent(directory)}`
    const url = `${target.replace(/\/$/u, '')}/session/${id}/message${search}`
    const response = await fetch(url, { headers: { ...headers, connection: 'close' } })
    const messages: unknown = response.ok ? await response.json() : []
    for (const message of Array.isArray(messages) ? messages : []) {
      const role: unknown = Object(Object(message).info).role
      if (role === 'user') prompts += 1
      if (role === 'assistant') answers += 1
    }
  }
  return { prompts, answers }
}
