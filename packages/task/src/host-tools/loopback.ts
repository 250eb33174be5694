import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers one body; null for nothing to say. */
export type Answer = (body: string) => Promise<string | null>

/** An address of this machine that only its holder knows. */
export interface SecretAddress {
  readonly url: string
  close(): void
}

const longestBody = 1_048_576
const answers = new Map<string, Answer>()
let listening: Promise<Server> | null = null

/** Opens an address for `answer`. One server serves all of a process, and is gone with the last of them. */
export async function openAddress(answer: Answer): Promise<SecretAddress> {
  const secret = randomBytes(32).toString('base64url')
  answers.set(secret, answer)
  const close = (): void => {
    answers.delete(secret)
    if (answers.size > 0) return
    const last = listening
    listening = null
    void last?.then((server) => {
      // A request under way is answered still.
      server.close()
      server.closeIdleConnections()
    })
  }
  listening ??= listen()
  try {
    const { port } = (await listening).address() as AddressInfo
    return { url: `http://127.0.0.1:${port}/${secret}`, close }
  } catch (error) {
    close()
    throw error
  }
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      void serve(request, response, server).catch(() => response.destroy())
    })
    server.once('error', reject)
    // Nothing of ours keeps a process alive that has nothing else to do.
    server.unref()
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  server: Server,
): Promise<void> {
  const { port } = server.address() as AddressInfo
  const { host, origin } = request.headers
  // A page in a browser of this machine may send requests here, too; it cannot leave these out.
  if (origin !== undefined || host !== `127.0.0.1:${port}`) return end(response, 403)
  const answer = answers.get((request.url ?? '').slice(1))
  if (answer === undefined) return end(response, 404)
  if (request.method !== 'POST') return end(response, 405)
  const body = await readBody(request)
  if (body === null) return end(response, 413)
  const text = await answer(body)
  if (text === null) return end(response, 202)
  response.writeHead(200, { 'content-type': 'application/json' }).end(text)
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status).end()
}

/** Null for one that is too long. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    const bytes = chunk as Buffer
    length += bytes.length
    if (length > longestBody) return null
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
