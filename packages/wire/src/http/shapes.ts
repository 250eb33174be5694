import { WireError } from '../errors.js'
import { isRecord } from '../values/record.js'

/** What the answer of an operation must be for its callers not to stumble over it. */
interface Shape {
  /** What it is, for an error: `a session`. */
  readonly name: string
  readonly matches: (data: unknown) => boolean
}

type Check = (value: unknown) => boolean

/** The session id becomes a part of paths and of a host's rows. */
const isSessionId: Check = (value) => typeof value === 'string' && /^ses[\w-]{1,250}$/.test(value)
const isId =
  (prefix: string): Check =>
  (value) =>
    typeof value === 'string' && value.startsWith(prefix)
const isText: Check = (value) => typeof value === 'string'
const isList: Check = Array.isArray

const recordOf =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isRecord(value) && Object.entries(fields).every(([name, check]) => check(value[name]))
/**
 * An entry that cannot be read spoils the list: a message, a child or an open ask left out would be taken for one that
 * is not there, and then a prompt is sent again or a stop is called complete.
 */
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)

const message = recordOf({
  info: recordOf({ id: isId('msg'), sessionID: isText, role: isText }),
  parts: listOf(isRecord),
})
const session = recordOf({ id: isSessionId })

const shapes = {
  nothing: { name: 'nothing', matches: (data) => data === undefined },
  boolean: { name: 'true or false', matches: (data) => typeof data === 'boolean' },
  session: { name: 'a session', matches: session },
  sessions: { name: 'a list of sessions', matches: listOf(session) },
  message: { name: 'a message with its parts', matches: message },
  messages: { name: 'a list of messages with their parts', matches: listOf(message) },
  part: { name: 'a part', matches: recordOf({ id: isId('prt'), type: isText }) },
  statuses: {
    name: 'the status of sessions by their ids',
    matches: (data) => isRecord(data) && Object.values(data).every(recordOf({ type: isText })),
  },
  permissions: {
    name: 'a list of permission requests',
    matches: listOf(recordOf({ id: isId('per'), sessionID: isText })),
  },
  questions: {
    name: 'a list of questions',
    matches: listOf(recordOf({ id: isId('que'), sessionID: isText, questions: isList })),
  },
  entries: { name: 'a list of entries', matches: listOf(isRecord) },
} satisfies Record<string, Shape>

const ofSession = '/session/{sessionID}'

const shapeByOperation: ReadonlyMap<string, Shape> = new Map([
  ['POST /session', shapes.session],
  ['GET /session', shapes.sessions],
  ['GET /session/status', shapes.statuses],
  [`GET ${ofSession}`, shapes.session],
  [`PATCH ${ofSession}`, shapes.session],
  [`DELETE ${ofSession}`, shapes.boolean],
  [`POST ${ofSession}/abort`, shapes.boolean],
  [`GET ${ofSession}/children`, shapes.sessions],
  [`GET ${ofSession}/todo`, shapes.entries],
  [`GET ${ofSession}/diff`, shapes.entries],
  [`POST ${ofSession}/fork`, shapes.session],
  [`POST ${ofSession}/revert`, shapes.session],
  [`POST ${ofSession}/unrevert`, shapes.session],
  [`POST ${ofSession}/summarize`, shapes.boolean],
  [`POST ${ofSession}/command`, shapes.message],
  [`POST ${ofSession}/shell`, shapes.message],
  [`POST ${ofSession}/prompt_async`, shapes.nothing],
  [`POST ${ofSession}/message`, shapes.message],
  [`GET ${ofSession}/message`, shapes.messages],
  [`GET ${ofSession}/message/{messageID}`, shapes.message],
  [`DELETE ${ofSession}/message/{messageID}`, shapes.boolean],
  [`PATCH ${ofSession}/message/{messageID}/part/{partID}`, shapes.part],
  [`DELETE ${ofSession}/message/{messageID}/part/{partID}`, shapes.boolean],
  ['GET /permission', shapes.permissions],
  ['POST /permission/{requestID}/reply', shapes.boolean],
  ['GET /question', shapes.questions],
  ['POST /question/{requestID}/reply', shapes.boolean],
  ['POST /question/{requestID}/reject', shapes.boolean],
])

/**
 * Checks what a resource hands on; operations without an entry above are not checked.
 *
 * @throws WireError `malformed_response`
 */
export function assertShape(
  method: string,
  path: string,
  { status, data }: { readonly status: number; readonly data: unknown },
): void {
  const shape = shapeByOperation.get(`${method} ${path}`)
  if (shape === undefined || shape.matches(data)) return
  const message = `${method} ${path} answered ${describe(data)} instead of ${shape.name}`
  throw new WireError('malformed_response', message, { status })
}

/** What was answered, without its content. */
function describe(data: unknown): string {
  if (data === undefined) return 'nothing'
  if (data === null) return '`null`'
  if (Array.isArray(data)) return 'a list of other things'
  return typeof data === 'object' ? 'another object' : `a ${typeof data}`
}
