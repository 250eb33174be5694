/** An event as it comes from a stream. */
export interface SeenEvent {
  readonly type: string
  readonly properties: Record<string, unknown>
}

/** Sends JSON and reads JSON. */
export async function send(
  base: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(base + path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  return { status: response.status, body: isJson ? JSON.parse(text) : text }
}

/** Makes a session and returns its id. */
export async function createSession(
  base: string,
  input: unknown = { title: 'test' },
): Promise<string> {
  const { body } = await send(base, 'POST', '/session', input)
  return String(Object(body).id)
}

/** Prompts and returns the status. */
export async function prompt(base: string, session: string, text: string): Promise<number> {
  const { status } = await send(base, 'POST', `/session/${session}/prompt_async`, {
    parts: [{ type: 'text', text }],
  })
  return status
}

/** The text of the last assistant message. */
export async function lastText(base: string, session: string): Promise<string> {
  const { body } = await send(base, 'GET', `/session/${session}/message`)
  const messages: readonly { parts: readonly { type: string; text?: string }[] }[] = Array.isArray(
    body,
  )
    ? body
    : []
  return messages.at(-1)?.parts.find((part) => part.type === 'text')?.text ?? ''
}

/**
 * A naive reader of an event stream, as many applications have it: each chunk holds whole frames, each frame one
 * `data:` line with JSON, and the stream ends when the turn does. It is here to fail.
 */
export async function readNaively(
  url: string,
  until: (event: SeenEvent) => boolean,
  timeoutMs = 200,
): Promise<readonly SeenEvent[]> {
  const events: SeenEvent[] = []
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
  for await (const chunk of response.body ?? []) {
    for (const frame of Buffer.from(chunk).toString('utf8').split('\n\n')) {
      if (frame === '') continue
      const event = JSON.parse(frame.replace(/^data: /u, '')) as SeenEvent
      events.push(event)
      if (until(event)) return events
    }
  }
  throw new Error('the stream ended before the turn did')
}
