// A process of its own, so that the measured process pays for its own side of the socket alone. It speaks as much of the
// server's protocol as a turn needs, and streams an answer at a steady pace to each prompt; what a delta says is when it was sent.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Exchange {
  readonly prompt: Record<string, unknown>
  readonly answer: Record<string, unknown>
  readonly part: Record<string, unknown>
}

interface Session {
  readonly info: Record<string, unknown>
  readonly exchanges: Exchange[]
  isBusy: boolean
}

const directory = '/bench'
const [deltas = '500', paceMs = '20'] = process.argv.slice(2)
const sessions = new Map<string, Session>()
const streams = new Set<ServerResponse>()
let last = 0

/** As long as the server's ids, and in the order in which they are made. */
function newId(kind: string): string {
  last += 1
  return `${kind}_${last.toString(16).padStart(12, '0')}bbbbbbbb${String(last % 1e6).padStart(6, '0')}`
}

function publish(type: string, properties: Record<string, unknown>): void {
  const data = JSON.stringify({ id: newId('evt'), type, properties })
  for (const stream of streams) stream.write(`data: ${data}\n\n`)
}

function startAnswer(session: Session, body: Record<string, unknown>): void {
  const sessionID = String(session.info['id'])
  const prompt = {
    id: body['messageID'] ?? newId('msg'),
    sessionID,
    role: 'user',
    time: { created: Date.now() },
    agent: 'build',
    model: { providerID: 'bench', modelID: 'bench' },
  }
  const answer = {
    id: newId('msg'),
    sessionID,
    role: 'assistant',
    parentID: prompt.id,
    time: { created: Date.now() } as Record<string, number>,
    modelID: 'bench',
    providerID: 'bench',
    mode: 'build',
    agent: 'build',
    path: { cwd: directory, root: directory },
    cost: 0,
    tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } },
  } as Record<string, unknown>
  const part = { id: newId('prt'), sessionID, messageID: answer['id'], type: 'text', text: '' }
  session.exchanges.push({ prompt, answer, part })
  session.isBusy = true
  publish('message.updated', { sessionID, info: prompt })
  publish('session.status', { sessionID, status: { type: 'busy' } })
  publish('message.updated', { sessionID, info: answer })
  publish('message.part.updated', { sessionID, part, time: Date.now() })
  const ids = { sessionID, messageID: answer['id'], partID: part.id, field: 'text' }
  let sent = 0
  const timer = setInterval(() => {
    if (sent < Number(deltas)) {
      sent += 1
      const delta = `${process.hrtime.bigint() / 1_000n} `
      part.text += delta
      publish('message.part.delta', { ...ids, delta })
      return
    }
    clearInterval(timer)
    publish('message.part.updated', {
      sessionID,
      part: { ...part, time: { start: 1, end: 2 } },
      time: Date.now(),
    })
    Object.assign(answer, { finish: 'stop', time: { created: Date.now(), completed: Date.now() } })
    publish('message.updated', { sessionID, info: answer })
    session.isBusy = false
    publish('session.status', { sessionID, status: { type: 'idle' } })
    publish('session.idle', { sessionID })
  }, Number(paceMs))
}

function messagesOf({ exchanges }: Session): unknown[] {
  return exchanges.flatMap(({ prompt, answer, part }) => [
    { info: prompt, parts: [] },
    { info: answer, parts: [part] },
  ])
}

function newSession(body: Record<string, unknown>): Session {
  const id = newId('ses')
  const time = { created: Date.now(), updated: Date.now() }
  const info = {
    slug: id,
    version: '1',
    projectID: 'bench',
    title: 'bench',
    ...body,
    id,
    directory,
    time,
  }
  const session = { info, exchanges: [], isBusy: false }
  sessions.set(id, session)
  return session
}

function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(
    `data: ${JSON.stringify({ id: newId('evt'), type: 'server.connected', properties: {} })}\n\n`,
  )
  streams.add(response)
  response.once('close', () => streams.delete(response))
}

/** What a request is answered; undefined for no content, null for what is not there. */
function answerTo(method: string, path: string, body: Record<string, unknown>): unknown {
  const [, root, id = '', what, messageId] = path.split('/')
  if (path === '/path')
    return { directory, worktree: directory, config: '/', state: '/', home: '/' }
  if (root !== 'session') return []
  if (id === '') return method === 'POST' ? newSession(body).info : []
  if (id === 'status') {
    const busy = [...sessions].filter(([, { isBusy }]) => isBusy)
    return Object.fromEntries(busy.map(([each]) => [each, { type: 'busy' }]))
  }
  const session = sessions.get(id)
  if (session === undefined) return null
  if (what === undefined) return session.info
  if (what === 'prompt_async') {
    startAnswer(session, body)
    return undefined
  }
  if (what !== 'message') return []
  const messages = messagesOf(session)
  if (messageId === undefined) return messages
  return messages.find((each) => (each as { info: { id: unknown } }).info.id === messageId) ?? null
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://bench')
  if (pathname === '/event') return openStream(response)
  void readBody(request).then((body) => {
    const answer = answerTo(request.method ?? 'GET', pathname, body)
    if (answer === undefined) return response.writeHead(204).end()
    const json = { 'content-type': 'application/json' }
    if (answer === null)
      return response.writeHead(404, json).end('{"name":"NotFoundError","data":{}}')
    return response.writeHead(200, json).end(JSON.stringify(answer))
  })
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
