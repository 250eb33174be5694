import type { Gate } from '../src/gates.js'
import type { Played } from './played.js'

/** An event as it came. */
export interface SeenEvent {
  readonly type: string
  readonly properties: Record<string, unknown>
}

/** A request and its answer. */
export interface Exchange {
  readonly request: string
  readonly status: number
  readonly contentType: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** What happened in one scenario on one server. */
export interface Transcript {
  readonly exchanges: readonly Exchange[]
  readonly events: readonly SeenEvent[]
  readonly directory: string
}

/** What a scenario may do. Everything it does is written down. */
export interface Client {
  readonly directory: string
  /** Sends a request in the scenario's directory. `quiet` leaves it out of the transcript. */
  send(
    method: string,
    path: string,
    body?: unknown,
    options?: SendOptions,
  ): Promise<{ status: number; body: unknown }>
  /** Makes a session and returns its id. */
  session(input?: Record<string, unknown>): Promise<string>
  /** Sends a prompt without waiting for its answer. */
  prompt(sessionId: string, content: string | Record<string, unknown>): Promise<void>
  /** Waits for the next event that matches and was not waited for yet. */
  event(match: string | ((event: SeenEvent) => boolean)): Promise<SeenEvent>
  /** Waits until a session has turned idle and nothing more happens. */
  idle(sessionId: string): Promise<void>
  /** Waits until nothing happens any more. */
  quiet(): Promise<void>
  gate(name: string): Gate
  /** Kills the server and starts it again on the same data. */
  crash(): Promise<void>
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** The body as it is. */
  readonly raw?: string
  /** Not written down. */
  readonly quiet?: boolean
  /** Without `?directory=`. */
  readonly noDirectory?: boolean
  /** Do not read the body. */
  readonly timeoutMs?: number
}

/** Plays the client's part on a server. */
export async function withClient(
  played: Played,
  use: (client: Client) => Promise<void>,
): Promise<Transcript> {
  const exchanges: Exchange[] = []
  const events: SeenEvent[] = []
  const waiters = new Set<() => void>()
  let taken = new Set<number>()
  let lastAt = Date.now()
  let stream = new AbortController()

  const listen = async (): Promise<void> => {
    stream = new AbortController()
    const address = `${played.url}/event?directory=${encodeURIComponent(played.directory)}`
    const response = await fetch(address, { headers: played.headers, signal: stream.signal })
    const ready = new Promise<void>((resolve, reject) => {
      void readFrames(response, (event) => {
        if (event.type === 'server.connected') resolve()
        lastAt = Date.now()
        events.push(event)
        for (const waiter of [...waiters]) waiter()
      }).then(
        () => reject(new Error('the event stream ended early')),
        () => {},
      )
    })
    await ready
  }

  const send: Client['send'] = async (method, path, body, options = {}) => {
    const url = new URL(played.url + path)
    if (options.noDirectory !== true && !url.searchParams.has('directory'))
      url.searchParams.set('directory', played.directory)
    const payload = options.raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const response = await fetch(url, {
      method,
      headers: {
        ...played.headers,
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(payload === undefined ? {} : { body: payload }),
      signal: AbortSignal.timeout(options.timeoutMs ?? 90_000),
    })
    const raw = await response.text()
    const contentType = response.headers.get('content-type')
    const parsed: unknown = contentType?.includes('json') ? JSON.parse(raw) : raw
    if (!options.quiet) {
      exchanges.push({
        request: `${method} ${path}`,
        status: response.status,
        contentType,
        headers: pick(response.headers, [
          'vary',
          'www-authenticate',
          'link',
          'x-next-cursor',
          'access-control-allow-origin',
          'access-control-allow-methods',
          'access-control-allow-headers',
          'access-control-expose-headers',
          'access-control-max-age',
          'access-control-allow-credentials',
        ]),
        body: contentType?.includes('text/html') ? '<html>' : parsed,
      })
    }
    return { status: response.status, body: parsed }
  }

  const event: Client['event'] = async (match) => {
    const deadline = Date.now() + 60_000
    for (;;) {
      const index = events.findIndex(
        (each, at) =>
          !taken.has(at) && (typeof match === 'string' ? each.type === match : match(each)),
      )
      const found = events[index]
      if (found) {
        taken.add(index)
        return found
      }
      if (Date.now() > deadline)
        throw new Error(
          `no event ${String(match)}; the last were ${events
            .slice(-5)
            .map((each) => each.type)
            .join(', ')}`,
        )
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200)
        waiters.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
      waiters.clear()
    }
  }

  const quiet = async (): Promise<void> => {
    while (Date.now() - lastAt < played.quietMs)
      await new Promise((resolve) => setTimeout(resolve, played.quietMs / 3))
  }

  const client: Client = {
    directory: played.directory,
    send,
    async session(input = { title: 'test' }) {
      const created = await send('POST', '/session', input)
      const { body } = created
      if (typeof body !== 'object' || body === null || !('id' in body))
        throw new Error(`session was not created: ${created.status}`)
      return String(body.id)
    },
    async prompt(sessionId, content) {
      const body =
        typeof content === 'string' ? { parts: [{ type: 'text', text: content }] } : content
      await send('POST', `/session/${sessionId}/prompt_async`, body)
    },
    event,
    async idle(sessionId) {
      await event(
        (each) => each.type === 'session.idle' && each.properties['sessionID'] === sessionId,
      )
      lastAt = Date.now()
      await quiet()
      taken = new Set(events.keys())
    },
    async quiet() {
      lastAt = Date.now()
      await quiet()
    },
    gate: (name) => played.gate(name),
    async crash() {
      stream.abort()
      await played.kill()
      await played.restart()
      // Connections that were kept alive fail once each.
      for (let tries = 0; tries < 10; tries += 1) {
        const health = await fetch(`${played.url}/global/health`, {
          headers: played.headers,
        }).catch(() => null)
        await health?.text()
      }
      await listen()
    },
  }
  await listen()
  try {
    await use(client)
    lastAt = Date.now()
    await quiet()
  } finally {
    stream.abort()
  }
  return { exchanges, events, directory: played.directory }
}

async function readFrames(response: Response, onEvent: (event: SeenEvent) => void): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of response.body ?? []) {
    rest += decoder.decode(piece, { stream: true })
    const frames = rest.split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      if (!frame.startsWith('data: ')) continue
      const parsed: unknown = JSON.parse(frame.slice(6))
      if (
        typeof parsed === 'object' &&
        parsed !== null &&
        'type' in parsed &&
        'properties' in parsed
      ) {
        onEvent({ type: String(parsed.type), properties: Object(parsed.properties) })
      }
    }
  }
}

function pick(headers: Headers, names: readonly string[]): Record<string, string> {
  const shown: Record<string, string> = {}
  for (const name of names) {
    const value = headers.get(name)
    if (value !== null) shown[name] = value
  }
  return shown
}
