import { sessionIdOf } from '../http/body.js'
import {
  badRequest,
  busy,
  notFound,
  ok,
  plainBadRequest,
  type Call,
  type Outcome,
} from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'
import {
  asRecord,
  listMessages,
  showMessage,
  type MessageRecord,
  type Part,
} from '../state/records.js'
import { removeMessage, removePart } from '../state/remove-messages.js'
import { putPart } from '../state/world.js'
import { sessionOf } from './session-routes.js'

function messageOf(call: Call): MessageRecord {
  const id = call.params['messageID'] ?? ''
  sessionIdOf(call)
  const message = call.world.sessions.get(call.params['sessionID'] ?? '')?.messages.get(id)
  if (!message) throw notFound(`Message not found: ${id}`)
  return message
}

/**
 * The server checks what it answers against its own schema, and a stored `format` does not pass: one such message spoils
 * every answer that holds it.
 */
function shown(messages: readonly MessageRecord[]): unknown[] {
  const index = messages.findIndex(({ info }) => info['format'] !== undefined)
  if (index >= 0) throw unreadable(messages[index]?.info['format'], `[${index}]`)
  return messages.map(showMessage)
}

function shownOne(message: MessageRecord): unknown {
  const format = message.info['format']
  if (format !== undefined) throw unreadable(format, '')
  return showMessage(message)
}

function unreadable(format: unknown, place: string): Error {
  const type = asRecord(format)?.['type'] === 'text' ? 'Text' : 'JsonSchema'
  const message = `Expected OutputFormat${type}, got ${JSON.stringify(format)}\n  at ${place}["info"]["format"]`
  return badRequest(message, 'Body')
}

/** The newest `limit` messages, oldest first, and where to go on. */
function page(call: Call): Outcome {
  const all = listMessages(sessionOf(call))
  const limit = Number(call.query.get('limit') ?? 0)
  const before = call.query.get('before') || null
  if (before !== null && !(limit > 0)) throw plainBadRequest()
  if (!(limit > 0)) return ok(shown(all))
  const cursor = before === null ? null : readCursor(before)
  const older =
    cursor === null
      ? all
      : all.slice(
          0,
          Math.max(
            0,
            all.findIndex((message) => message.info.id === cursor),
          ),
        )
  const newest = older.slice(-limit)
  const first = newest[0]
  if (!first || newest.length === older.length) return ok(shown(newest))
  const next = Buffer.from(
    JSON.stringify({ id: first.info.id, time: first.info.time.created }),
  ).toString('base64url')
  const target = new URL(`http://127.0.0.1${call.path}`)
  for (const [name, value] of call.query) target.searchParams.set(name, value)
  target.searchParams.set('limit', String(limit))
  target.searchParams.set('before', next)
  return {
    status: 200,
    headers: {
      'access-control-expose-headers': 'Link, X-Next-Cursor',
      link: `<${target.href}>; rel="next"`,
      'x-next-cursor': next,
    },
    // An answer with a cursor is sent past the check.
    json: newest.map(showMessage),
  }
}

function readCursor(cursor: string): string {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (typeof parsed === 'object' && parsed !== null && 'id' in parsed) return String(parsed.id)
  } catch {
    // Falls through to the refusal.
  }
  throw plainBadRequest()
}

/** Endpoints of stored messages and parts. */
export const messageRoutes: readonly Route[] = toRoutes({
  'GET /session/:sessionID/message': page,
  'GET /session/:sessionID/message/:messageID': (call) => ok(shownOne(messageOf(call))),
  'DELETE /session/:sessionID/message/:messageID': (call) => {
    const session = sessionOf(call)
    if (session.run) throw busy(session.info.id)
    const messageID = call.params['messageID'] ?? ''
    removeMessage(call.world, session, messageID)
    return ok(true)
  },
  'DELETE /session/:sessionID/message/:messageID/part/:partID': (call) => {
    const session = sessionOf(call)
    const { messageID = '', partID = '' } = call.params
    removePart(call.world, session, session.messages.get(messageID), { messageID, partID })
    return ok(true)
  },
  'PATCH /session/:sessionID/message/:messageID/part/:partID': (call) => {
    const session = sessionOf(call)
    const { body } = call
    const { messageID, partID, sessionID } = call.params
    if (
      body['id'] !== partID ||
      body['messageID'] !== messageID ||
      body['sessionID'] !== sessionID
    ) {
      throw plainBadRequest()
    }
    const part: Part = {
      ...body,
      id: String(partID),
      messageID: String(messageID),
      sessionID: session.info.id,
      type: String(body['type']),
    }
    putPart(call.world, session, part)
    // A part is stored by its id alone: it stays where it was.
    for (const { info, parts } of session.messages.values())
      if (info.id !== part.messageID && parts.has(part.id))
        parts.set(part.id, { ...part, messageID: info.id })
    return ok(part)
  },
})
