/** What goes wrong with one answer. */
export type AnswerFault =
  | { readonly kind: 'refuse' }
  | {
      readonly kind: 'status'
      readonly status: number
      readonly body: string
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly kind: 'stall' }
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  | { readonly kind: 'reset'; readonly afterBytes: number }
  | { readonly kind: 'truncate'; readonly afterBytes: number | null }
  | { readonly kind: 'lose-answer' }
  | { readonly kind: 'delay'; readonly ms: number }

/** Which frames of a stream: an index (`server.connected` is 0), an event type, or a function. */
export type FrameMatch =
  | number
  | string
  | ((frame: { readonly index: number; readonly type: string }) => boolean)

/** What goes wrong with one event stream. */
export type StreamFault =
  | { readonly kind: 'cut'; readonly at: FrameMatch; readonly how: 'end' | 'reset' }
  | { readonly kind: 'cut-bytes'; readonly afterBytes: number; readonly how: 'end' | 'reset' }
  | { readonly kind: 'drop'; readonly at: FrameMatch; readonly times: number }
  | { readonly kind: 'duplicate'; readonly at: FrameMatch; readonly times: number }
  | { readonly kind: 'reorder'; readonly at: FrameMatch; readonly times: number }
  | { readonly kind: 'insert'; readonly at: FrameMatch; readonly bytes: string }
  | { readonly kind: 'lines'; readonly ending: '\n' | '\r\n' | '\r' }
  | { readonly kind: 'bom' }
  | { readonly kind: 'comments' }
  | { readonly kind: 'split'; readonly bytes: number }
  | { readonly kind: 'silence'; readonly at: FrameMatch }
  | { readonly kind: 'no-heartbeat' }
  | { readonly kind: 'never-connected' }

/** Anything that can go wrong. */
export type Fault = AnswerFault | StreamFault

const status = (
  code: number,
  options: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): AnswerFault => ({
  kind: 'status',
  status: code,
  body: options.body ?? '',
  headers: options.headers ?? {},
})

const unexpected = JSON.stringify({
  name: 'UnknownError',
  data: { message: 'Unexpected server error. Check server logs for details.', ref: 'err_00000000' },
})

const json = { 'content-type': 'application/json' }

/** Faults by name, as data for `impostor.fail(match, fault)`. */
export const fault = {
  /** Cuts the connection before anything is read or done. */
  refuse: (): AnswerFault => ({ kind: 'refuse' }),
  /** Answers with a status, without doing anything. */
  status: (
    code: number,
    options?: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> },
  ): AnswerFault => status(code, options),
  /** 401, as without credentials. */
  unauthorized: (): AnswerFault =>
    status(401, { headers: { 'www-authenticate': 'Basic realm="Secure Area"' } }),
  /** 404 with the body of an unknown session. */
  notFound: (): AnswerFault =>
    status(404, {
      headers: json,
      body: JSON.stringify({
        name: 'NotFoundError',
        data: { message: 'Session not found: ses_gone' },
      }),
    }),
  /** 429, with `retry-after` in seconds when given. */
  tooManyRequests: (retryAfterSeconds?: number): AnswerFault =>
    status(
      429,
      retryAfterSeconds === undefined
        ? {}
        : { headers: { 'retry-after': String(retryAfterSeconds) } },
    ),
  /** 500 with the server's own body. */
  serverError: (): AnswerFault => status(500, { headers: json, body: unexpected }),
  /** 503 with nothing, as from a proxy. */
  unavailable: (): AnswerFault => status(503),
  /** 200 with a web page where JSON belongs. */
  html: (): AnswerFault =>
    status(200, {
      headers: { 'content-type': 'text/html' },
      body: '<!doctype html><title>OpenCode</title>',
    }),
  /** Does the work, then ends the body early; by default in its middle. */
  truncate: (afterBytes?: number): AnswerFault => ({
    kind: 'truncate',
    afterBytes: afterBytes ?? null,
  }),
  /** Takes the request and never answers; nothing is done. */
  stall: (): AnswerFault => ({ kind: 'stall' }),
  /** Does the work and sends the body in small pieces. */
  drip: (options: { readonly bytes?: number; readonly everyMs?: number } = {}): AnswerFault => ({
    kind: 'drip',
    bytes: options.bytes ?? 8,
    everyMs: options.everyMs ?? 10,
  }),
  /** Does the work and resets the connection after some bytes of the body. */
  reset: (options: { readonly afterBytes?: number } = {}): AnswerFault => ({
    kind: 'reset',
    afterBytes: options.afterBytes ?? 0,
  }),
  /** Does the work, but the answer is lost: the connection is reset instead. */
  loseAnswer: (): AnswerFault => ({ kind: 'lose-answer' }),
  /** Waits on the clock, then answers as usual. */
  delay: (ms: number): AnswerFault => ({ kind: 'delay', ms }),
  /** Ends or resets an event stream at a frame, which is not sent. */
  cut: (at: FrameMatch, how: 'end' | 'reset' = 'end'): StreamFault => ({ kind: 'cut', at, how }),
  /** Ends or resets an event stream after so many bytes, in the middle of a frame where it falls so. */
  cutBytes: (afterBytes: number, how: 'end' | 'reset' = 'reset'): StreamFault => ({
    kind: 'cut-bytes',
    afterBytes,
    how,
  }),
  /** Leaves frames out. */
  drop: (at: FrameMatch, times = 1): StreamFault => ({ kind: 'drop', at, times }),
  /** Sends frames twice. */
  duplicate: (at: FrameMatch, times = 1): StreamFault => ({ kind: 'duplicate', at, times }),
  /** Sends a frame after the one that follows it. */
  reorder: (at: FrameMatch, times = 1): StreamFault => ({ kind: 'reorder', at, times }),
  /** Sends a frame that is not JSON before this one. */
  garbage: (at: FrameMatch, text = '{not json'): StreamFault => ({
    kind: 'insert',
    at,
    bytes: `data: ${text}\n\n`,
  }),
  /** Sends a frame of this size before this one. */
  oversize: (at: FrameMatch, bytes: number): StreamFault => ({
    kind: 'insert',
    at,
    bytes: `data: ${JSON.stringify({ id: 'evt_big', type: 'test.big', properties: { filler: 'x'.repeat(bytes) } })}\n\n`,
  }),
  /** Ends lines with CR, LF or CR LF. */
  lines: (ending: '\n' | '\r\n' | '\r'): StreamFault => ({ kind: 'lines', ending }),
  /** Begins the stream with a byte order mark. */
  bom: (): StreamFault => ({ kind: 'bom' }),
  /** Puts a comment line before every frame. */
  comments: (): StreamFault => ({ kind: 'comments' }),
  /** Sends so many bytes at a time, in the middle of UTF-8 characters where it falls so. */
  split: (bytes = 1): StreamFault => ({ kind: 'split', bytes }),
  /** Sends nothing from this frame on; the connection stays open. The other endpoints tell the truth. */
  silence: (at: FrameMatch = 1): StreamFault => ({ kind: 'silence', at }),
  /** Sends no heartbeats. */
  noHeartbeat: (): StreamFault => ({ kind: 'no-heartbeat' }),
  /** Opens the stream, but never says `server.connected`. */
  neverConnected: (): StreamFault => ({ kind: 'never-connected' }),
}

/** True for faults of event streams. */
export function isStreamFault(value: Fault): value is StreamFault {
  return !answerKinds.has(value.kind)
}

const answerKinds: ReadonlySet<string> = new Set([
  'refuse',
  'status',
  'stall',
  'drip',
  'reset',
  'truncate',
  'lose-answer',
  'delay',
])
