import fc from 'fast-check'

const words = fc.constantFrom('a', 'be ', 'see\n', '🙂', 'é', '日本 ', '\u2028', '<b>', '')
const texts = fc.record({
  op: fc.constantFrom('text' as const, 'reasoning' as const),
  deltas: fc.array(words, { maxLength: 5 }),
  end: fc.constantFrom('whole', 'whole', 'whole', 'never', 'trimmed'),
})
const tools = fc.record({
  op: fc.constant('tool' as const),
  name: fc.constantFrom('bash', 'write', 'invalid', 'todowrite', 'question'),
  updates: fc.nat({ max: 3 }),
  asked: fc.constantFrom('no', 'before', 'after'),
  answer: fc.constantFrom('once', 'reject', 'never'),
  end: fc.constantFrom('completed', 'completed', 'error', 'never'),
})
const tasks = fc.record({
  op: fc.constant('task' as const),
  linked: fc.boolean(),
  deltas: fc.array(words, { maxLength: 3 }),
  /** What the sub-agent does beside writing. */
  also: fc.constantFrom('nothing', 'nothing', 'ask', 'delegate', 'retry'),
  /** Whether a second call goes on with the same sub-agent. */
  again: fc.boolean(),
  end: fc.constantFrom('completed', 'error', 'never'),
})
const noise = fc.record({
  op: fc.constantFrom(
    'foreign' as const,
    'todos' as const,
    'retry' as const,
    'repeat' as const,
    'patch' as const,
    'edit' as const,
    'remove' as const,
    'recreate' as const,
    'unannounced' as const,
    'loose-ask' as const,
    'file' as const,
    'data-file' as const,
    'unknown' as const,
    'failed-attempt' as const,
  ),
})
const steps = fc.record({
  actions: fc.array(
    fc.oneof({ weight: 3, arbitrary: texts }, { weight: 3, arbitrary: tools }, tasks, noise),
    { maxLength: 5 },
  ),
  finish: fc.constantFrom(
    'tool-calls',
    'stop',
    'stop',
    'error',
    'neither',
    'crash',
    'resent',
    'compact',
    'removed',
    'structured',
  ),
})

/** Any script of a history: what happens around and in the steps of one turn. */
export const scripts = fc.record({
  /** Whether an earlier turn left asks and a sub-agent open, and whether its last word comes in this one. */
  earlier: fc.constantFrom('none', 'left-behind', 'late'),
  /** Whether the server compacts before the first answer. */
  compactsFirst: fc.boolean(),
  steps: fc.array(steps, { minLength: 1, maxLength: 4 }),
  /** What follows in the same session: nothing, another prompt, one with synthetic parts only, a command of a person. */
  later: fc.constantFrom('none', 'prompt', 'synthetic', 'shell'),
})

export type Script = typeof scripts extends fc.Arbitrary<infer Value> ? Value : never
export type Step = Script['steps'][number]
export type Action = Step['actions'][number]

/** The script with addresses in the place of bytes, which are no part of a stored reply. */
export function withoutBytes(script: Script): Script {
  const steps = script.steps.map((step) => ({
    ...step,
    actions: step.actions.map((action) =>
      action.op === 'data-file' ? ({ op: 'file' } as const) : action,
    ),
  }))
  return { ...script, steps }
}
