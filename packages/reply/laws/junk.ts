import fc from 'fast-check'
import { play } from './history.js'

const types = fc.constantFrom(
  'message.updated',
  'message.removed',
  'message.part.updated',
  'message.part.delta',
  'message.part.removed',
  'session.created',
  'session.updated',
  'session.deleted',
  'session.status',
  'session.idle',
  'session.error',
  'todo.updated',
  'permission.asked',
  'permission.replied',
  'question.asked',
  'question.replied',
  'question.rejected',
  'toString',
  '__proto__',
  'gap',
  'never.heard.of',
)

/** Names that the reader looks for, so that junk gets deeper than the first check. */
const names = fc.constantFrom(
  'id',
  'sessionID',
  'messageID',
  'partID',
  'callID',
  'requestID',
  'parentID',
  'role',
  'type',
  'text',
  'delta',
  'info',
  'part',
  'parts',
  'state',
  'status',
  'input',
  'output',
  'metadata',
  'error',
  'data',
  'name',
  'message',
  'time',
  'start',
  'end',
  'created',
  'completed',
  'cost',
  'tokens',
  'cache',
  'read',
  'finish',
  'todos',
  'questions',
  'tool',
  'answers',
  'attachments',
  'url',
  'field',
  'title',
  'auto',
  'synthetic',
)

const turn = play({
  earlier: 'none',
  compactsFirst: false,
  steps: [{ actions: [], finish: 'crash' }],
  later: 'none',
})

/** The ids that a history begins with, so that junk is about what is there. */
const ids = fc.constantFrom(
  turn.sessionId,
  turn.promptId,
  ...turn.own,
  ...turn.events.map(({ properties }) => String(Object(properties['part']).id)),
  '__proto__',
  'assistant',
  'user',
  'text',
  'tool',
  'reasoning',
  'completed',
  'running',
  'retry',
  '',
)

/** Anything at all, including what no JSON can hold. */
export const anyInput: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(1e308, -1e308, Number.MAX_SAFE_INTEGER, -1, Number.NaN),
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
      maxDepth: 2,
    }),
    ids,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(names, tie('node'), { maxKeys: 8 }),
  ),
})).node

/** Events that look like those of the server and hold anything. */
export const anyEvents: fc.Arbitrary<readonly unknown[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        id: fc.oneof(fc.string(), fc.constant(undefined)),
        type: types,
        properties: anyInput,
      }),
    },
    { weight: 1, arbitrary: anyInput },
  ),
  { minLength: 1, maxLength: 6 },
)

/** A stored reply of which one value was replaced by something else. */
export function damaged(json: unknown, path: Iterator<number>, junk: unknown): unknown {
  if (typeof json !== 'object' || json === null) return junk
  const keys = Object.keys(json)
  const pick = path.next().value % (keys.length + 1)
  const key = keys[pick]
  if (key === undefined) return junk
  const value = damaged(Object(json)[key], path, junk)
  if (Array.isArray(json))
    return json.map((item: unknown, index) => (index === pick ? value : item))
  return { ...json, [key]: value }
}
