import { request as httpRequest } from 'node:http'
import type { CassetteLine } from '../src/cassette/cassette.js'
import { replay, type Replay } from '../src/cassette/replay.js'

/** Sends the recorded requests to a replay of the recording; the result lists what did not come as recorded. */
export async function playCassette(text: string): Promise<readonly string[]> {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): CassetteLine => JSON.parse(line))
  const server = await replay(text)
  const wrong: string[] = []
  const answers = new Map<unknown, Promise<Answer>>()
  const streams = new Map<unknown, Reader>()
  try {
    for (const line of lines) {
      if (line.dir === 'req') answers.set(line['n'], sendRecorded(server, line))
      else if (line.dir === 'res') await checkAnswer(line, answers.get(line['n']), wrong)
      else if (line.dir === 'sse-open') streams.set(line['stream'], await openStream(server, line))
      else if (line.dir === 'sse') {
        const raw = String(line['raw'])
        const came = await streams.get(line['stream'])?.read(Buffer.byteLength(raw))
        if (came !== raw) wrong.push(`frame at ${line.t} ms: ${String(came).slice(0, 80)}`)
      } else if (line.dir === 'sse-close') streams.get(line['stream'])?.close()
    }
    for (const entry of server.journal.entries) {
      if (!entry.isRecorded) wrong.push(`not recorded: ${entry.method} ${entry.path}`)
    }
    return wrong
  } finally {
    for (const stream of streams.values()) stream.close()
    await server.close()
  }
}

interface Answer {
  readonly status: number
  readonly body: string
}

async function checkAnswer(
  line: CassetteLine,
  pending: Promise<Answer> | undefined,
  wrong: string[],
): Promise<void> {
  if (line['status'] === undefined || pending === undefined) return
  const answer = await pending
  if (answer.status !== line['status'])
    wrong.push(
      `answer ${String(line['n'])}: ${answer.status} instead of ${JSON.stringify(line['status'])}`,
    )
  if (line['body'] === undefined) return
  if (answer.body !== JSON.stringify(line['body']))
    wrong.push(`answer ${String(line['n'])}: another body`)
}

function sendRecorded(server: Replay, line: CassetteLine): Promise<Answer> {
  const { body, raw } = line
  const payload = body === undefined ? raw : JSON.stringify(body)
  const answer = new Promise<Answer>((resolve, reject) => {
    const sent = httpRequest(
      server.url + String(line['path']),
      { method: String(line['method']), agent: false },
      (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(pieces).toString('utf8'),
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(typeof payload === 'string' ? payload : undefined)
  })
  // A request that was never answered fails when the replay ends.
  answer.catch(() => {})
  return answer
}

interface Reader {
  /** The next `length` bytes as text. */
  read(length: number): Promise<string>
  close(): void
}

async function openStream(server: Replay, line: CassetteLine): Promise<Reader> {
  const abort = new AbortController()
  let buffered = Buffer.alloc(0)
  let wake = (): void => {}
  const response = await fetch(server.url + String(line['path']), { signal: abort.signal })
  void (async () => {
    for await (const piece of response.body ?? []) {
      buffered = Buffer.concat([buffered, piece])
      wake()
    }
  })().catch(() => {})
  return {
    async read(length) {
      const deadline = Date.now() + 2_000
      while (buffered.length < length && Date.now() < deadline) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 100)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      const taken = buffered.subarray(0, length)
      buffered = buffered.subarray(length)
      return taken.toString('utf8')
    },
    close: () => abort.abort(),
  }
}
