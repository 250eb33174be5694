import { ask, reply, type Step, text, tool } from '@turnstead/testkit'
import type { AskDecision, AskRecord } from '../../src/index.js'

/** A turn that asks a person, once or more often. Each line that it writes into `ran.log` is a tool that ran. */
export interface AskingScenario {
  readonly name: string
  readonly steps: readonly Step[]
  /** The lines that must be there in the end, each once, in any order. */
  readonly ran: readonly string[]
  /** Where its server is lost it may fail, since it could not go on without running something twice. */
  readonly mayFail?: true
}

/** What needs no one's permission. */
const run = (line: string): Step => tool.bash({ command: `echo ${line} >> ran.log` })
/** What does, by the rules below. */
const asked = (line: string): Step => tool.bash({ command: `echo ask-${line} >> ran.log` })
const question = (words: string): Step => ask.question({ question: words, options: ['A', 'B'] })

export const rules = [
  { permission: 'bash', pattern: '*', action: 'allow' },
  { permission: 'bash', pattern: 'echo ask-*', action: 'ask' },
  { permission: 'edit', pattern: '*', action: 'ask' },
] as const

export const askingScenarios: readonly AskingScenario[] = [
  { name: 'a permission', steps: [asked('one'), text('Done.')], ran: ['ask-one'] },
  {
    name: 'a permission after another tool',
    steps: [run('zero'), text('And '), asked('one'), text('Done.')],
    ran: ['zero', 'ask-one'],
  },
  {
    name: 'a question',
    steps: [
      run('zero'),
      text('So '),
      question('Which one?'),
      text('Then '),
      run('one'),
      text('Done.'),
    ],
    ran: ['zero', 'one'],
  },
  {
    name: 'a question beside other tools',
    steps: [run('zero'), question('Which one?'), run('one'), text('Done.')],
    ran: ['zero', 'one'],
    mayFail: true,
  },
  {
    name: 'to write a file',
    steps: [
      run('zero'),
      text('So '),
      tool.write({ filePath: 'a.txt', content: 'a' }),
      text('Then '),
      run('one'),
      text('Done.'),
    ],
    ran: ['zero', 'one'],
  },
  {
    name: 'two permissions one after the other',
    steps: [asked('one'), text('Then '), asked('two'), text('Done.')],
    ran: ['ask-one', 'ask-two'],
  },
  {
    name: 'two permissions at once',
    steps: [run('zero'), text('Both '), asked('one'), asked('two'), text('Done.')],
    ran: ['zero', 'ask-one', 'ask-two'],
  },
  {
    name: 'a permission after a sub-agent',
    steps: [
      tool.task({ description: 'A part', prompt: 'Help with it' }, reply(run('zero'), text('So.'))),
      text('And '),
      asked('one'),
      text('Done.'),
    ],
    ran: ['zero', 'ask-one'],
  },
]

export function decisionOn({ kind }: AskRecord): AskDecision {
  return kind === 'permission' ? { action: 'allow' } : { action: 'answer', answers: [['A']] }
}
