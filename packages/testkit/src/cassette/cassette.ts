import { TestkitError } from '../errors.js'

/** A line of a cassette. What it holds depends on `dir`; see the README beside the cassettes. */
export interface CassetteLine {
  /** Milliseconds since the recording began. */
  readonly t: number
  readonly dir:
    | 'meta'
    | 'req'
    | 'res'
    | 'sse-open'
    | 'sse'
    | 'sse-close'
    | 'llm'
    | 'note'
    | 'server'
  readonly [field: string]: unknown
}

/** A recorded request with its answer. */
export interface RecordedExchange {
  readonly method: string
  /** Path with its query. */
  readonly path: string
  /** Null when the client hung up before there was an answer. */
  readonly status: number | null
  readonly headers: Readonly<Record<string, string>>
  /** The answer's body as it is sent. */
  readonly body: string
  /** How many requests that change something came before it in the recording. */
  readonly writesBefore: number
  /** Its place in the recording. */
  readonly order: number
}

/** A recorded event stream. */
export interface RecordedStream {
  readonly path: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly frames: readonly {
    readonly raw: string
    readonly t: number
    readonly writesBefore: number
  }[]
  /** Its place in the recording. */
  readonly order: number
  /** Whether the server ended it. */
  readonly isEnded: boolean
}

/** A recording in the form in which it is replayed. */
export interface Cassette {
  readonly name: string
  readonly exchanges: readonly RecordedExchange[]
  readonly streams: readonly RecordedStream[]
}

/** Reads the text of a cassette. Fails with `bad_cassette`. */
export function parseCassette(text: string): Cassette {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return toCassette(
    lines.map((line, index) => {
      try {
        const parsed: unknown = JSON.parse(line)
        if (isLine(parsed)) return parsed
      } catch {
        // Falls through to the failure.
      }
      throw new TestkitError('bad_cassette', `Line ${index + 1} of the cassette is not a record`)
    }),
  )
}

/** Orders the lines of a cassette for replaying. */
function toCassette(lines: readonly CassetteLine[]): Cassette {
  if (lines[0]?.dir !== 'meta')
    throw new TestkitError('bad_cassette', 'A cassette begins with a `meta` line')
  const exchanges: RecordedExchange[] = []
  const streams: {
    open: CassetteLine
    order: number
    frames: RecordedStream['frames'][number][]
    isEnded: boolean
  }[] = []
  const latest = new Map<unknown, (typeof streams)[number]>()
  const requests = new Map<unknown, { line: CassetteLine; writesBefore: number; order: number }>()
  let writes = 0
  for (const [order, line] of lines.entries()) {
    const stream = latest.get(line['stream'])
    if (line.dir === 'req') {
      requests.set(line['n'], { line, writesBefore: writes, order })
      if (isWrite(String(line['method']))) writes += 1
    } else if (line.dir === 'res') {
      const request = requests.get(line['n'])
      if (request) exchanges.push(toExchange(request, line))
    } else if (line.dir === 'sse-open') {
      const opened = { open: line, order, frames: [], isEnded: false }
      latest.set(line['stream'], opened)
      streams.push(opened)
    } else if (line.dir === 'sse') {
      stream?.frames.push({ raw: String(line['raw']), t: line.t, writesBefore: writes })
    } else if (line.dir === 'sse-close' && stream) stream.isEnded = line['why'] === 'end'
  }
  return {
    name: String(lines[0]['scenario'] ?? ''),
    exchanges,
    streams: streams.map(({ open, order, frames, isEnded }) => ({
      order,
      path: String(open['path']),
      status: Number(open['status'] ?? 200),
      headers: toHeaders(open['headers']),
      frames,
      isEnded,
    })),
  }
}

/** Whether a method changes something, so that what follows it in a recording waits for it. */
export function isWrite(method: string): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(method)
}

function toExchange(
  request: { line: CassetteLine; writesBefore: number; order: number },
  answer: CassetteLine,
): RecordedExchange {
  const { body, text } = answer
  return {
    method: String(request.line['method']),
    path: String(request.line['path']),
    status: typeof answer['status'] === 'number' ? answer['status'] : null,
    headers: toHeaders(answer['headers']),
    body: body === undefined ? String(text ?? '') : JSON.stringify(body),
    writesBefore: request.writesBefore,
    order: request.order,
  }
}

const hopByHop = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'date',
])

function toHeaders(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  const entries = Object.entries(value).filter(([name]) => !hopByHop.has(name.toLowerCase()))
  return Object.fromEntries(entries.map(([name, each]) => [name, String(each)]))
}

function isLine(value: unknown): value is CassetteLine {
  return typeof value === 'object' && value !== null && 'dir' in value && 't' in value
}
