import fc from 'fast-check'

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

const ids = fc.constantFrom(
  'ses_fffe073bfffffe00000000000000',
  'msg_1f8c0000000500000000000000',
  'prt_1f8c0000000700000000000000',
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
