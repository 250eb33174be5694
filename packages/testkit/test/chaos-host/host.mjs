/**
 * A host as small as it gets, and ten ways to get it wrong: `HOST_FAULT` names one. Its rows and its queue are files in
 * `CHAOS_DIR`; a file in `jobs/` is a job that was not acknowledged yet.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const base = process.env.OPENCODE_BASE_URL
const root = process.env.CHAOS_DIR
const fault = process.env.HOST_FAULT ?? ''
const rowPath = join(root, 'row.json')
const jobs = join(root, 'jobs')
const notices = join(root, 'notices')
const title = `turn of ${root}`
for (const folder of [jobs, notices]) mkdirSync(folder, { recursive: true })

const newId = (kind) => {
  const time = (BigInt(Date.now()) * 0x1000n).toString(16).padStart(12, '0').slice(-12)
  return `${kind}_${time}${randomBytes(7).toString('hex')}`
}

export function readRow() {
  try {
    return JSON.parse(readFileSync(rowPath, 'utf8'))
  } catch {
    return null
  }
}

export function saveRow(row) {
  const written = `${rowPath}.${process.pid}.${randomBytes(4).toString('hex')}`
  writeFileSync(written, JSON.stringify(row))
  renameSync(written, rowPath)
}

export function enqueue() {
  const written = join(root, randomBytes(6).toString('hex'))
  writeFileSync(written, '')
  renameSync(written, join(jobs, randomBytes(6).toString('hex')))
}

export const countNotices = () => readdirSync(notices).length

async function ask(method, path, body) {
  const response = await fetch(base + path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
  return response.status === 204 ? null : await response.json()
}

const textOf = (messages) =>
  messages
    .filter(({ info }) => info.role === 'assistant')
    .flatMap(({ parts }) => parts.filter((part) => part.type === 'text'))
    .map((part) => part.text)
    .join('')

const hasEnded = (messages) => {
  const last = messages.findLast(({ info }) => info.role === 'assistant')
  return last?.info.time.completed !== undefined && last.info.finish !== 'tool-calls'
}

/** Open once this resolves: what is read after that, and what is heard, leave nothing out between them. */
async function openEvents(signal) {
  const { body } = await fetch(`${base}/event`, { signal })
  return idles(body)
}

/** The agent has come to rest; the messages say how. A frame may come in two pieces. */
async function* idles(body) {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of body) {
    const frames = (rest + decoder.decode(piece, { stream: true })).split('\n\n')
    rest = frames.pop()
    for (const frame of frames) if (frame.includes('"session.idle"')) yield frame
  }
}

async function ensureSession(row) {
  if (fault === 'session-not-stored') {
    saveRow({ ...readRow(), promptId: undefined })
    return (await ask('POST', '/session', { title: 'turn' })).id
  }
  if (row.sessionId !== undefined) return row.sessionId
  const known = (await ask('GET', '/session')).find((session) => session.title === title)
  const { id } = known ?? (await ask('POST', '/session', { title }))
  saveRow({ ...readRow(), sessionId: id })
  return id
}

async function sendOnce(sessionId, row) {
  const send = (messageID) =>
    ask('POST', `/session/${sessionId}/prompt_async`, {
      messageID,
      parts: [{ id: `prt_${messageID.slice(4)}`, type: 'text', text: 'Go' }],
    })
  const messages = await ask('GET', `/session/${sessionId}/message`)
  if (fault === 'stores-after-sending') {
    if (row.promptId !== undefined) return
    const promptId = newId('msg')
    await send(promptId)
    saveRow({ ...readRow(), promptId })
    return
  }
  if (fault === 'sends-again-when-unsure' && row.promptId !== undefined && !hasEnded(messages)) {
    await send(newId('msg'))
    return
  }
  const promptId = row.promptId ?? newId('msg')
  if (row.promptId === undefined) saveRow({ ...readRow(), promptId })
  if (!messages.some(({ info }) => info.id === promptId)) await send(promptId)
}

async function follow(sessionId, isResumed) {
  const read = () => ask('GET', `/session/${sessionId}/message`)
  if (fault === 'believes-half-an-answer' && isResumed) {
    const text = textOf(await read())
    if (text !== '') return text
  }
  const stop = new AbortController()
  try {
    const events = await openEvents(stop.signal)
    if (fault !== 'waits-for-the-event') {
      const messages = await read()
      if (hasEnded(messages)) return textOf(messages)
    }
    for await (const _idle of events) {
      const messages = await read()
      if (hasEnded(messages)) return textOf(messages)
    }
    throw new Error('the stream has ended')
  } finally {
    stop.abort()
  }
}

/** The one write that ends the turn. */
function settle(answer) {
  const row = readRow()
  if (row.status === 'done' && fault !== 'settles-twice') return
  saveRow({ ...row, status: 'done', answer })
  writeFileSync(join(notices, newId('ntc')), '')
}

async function work() {
  const row = readRow()
  if (row.status === 'done' && fault !== 'settles-twice') return
  if (fault === 'never-resumes' && row.status === 'working') return
  const isResumed = row.status === 'working'
  if (fault === 'swallows-errors' && isResumed) throw new Error('the row is locked')
  saveRow({ ...row, status: 'working' })
  const sessionId = await ensureSession(readRow())
  await sendOnce(sessionId, readRow())
  settle(await follow(sessionId, isResumed))
}

let running = null

/** One job at a time for one row: a second delivery waits for the first. */
async function runJob(name) {
  if (fault === 'acknowledges-first') rmSync(join(jobs, name), { force: true })
  try {
    if (fault === 'runs-side-by-side') await work()
    else await (running ??= work().finally(() => (running = null)))
  } catch (error) {
    if (fault !== 'swallows-errors') throw error
    saveRow({ ...readRow(), status: 'done', answer: '' })
  }
  rmSync(join(jobs, name), { force: true })
}

export async function runWorker() {
  const taken = new Set()
  for (;;) {
    for (const name of readdirSync(jobs).filter((each) => !taken.has(each))) {
      taken.add(name)
      // A job that fails is delivered again by the queue.
      runJob(name).catch((error) => {
        console.error(error.message)
        taken.delete(name)
      })
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
