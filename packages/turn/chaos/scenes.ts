import { ask, gate, type Reply, reply, text, tool, wait } from '@turnstead/testkit'
import { type AskPolicy, type Prompt, waitForPerson } from '../src/index.js'

/** What an experiment may end with. */
export type Allowed = ReadonlySet<'completed' | 'failed' | 'cancelled'>

/** Who answers what is asked. */
export const person = 'Ada'

/** The words of every prompt here. */
export const promptText = 'Hello'

/** A turn as it is asked, played and watched. */
export interface Scene {
  readonly name: string
  readonly played: Reply
  /** The whole answer, if it is not stopped. */
  readonly text: string
  readonly allowed: Allowed
  readonly prompt: Prompt
  /** What a person does in the web process: answer what is asked, stop the turn as soon as it shows words. */
  readonly person: 'watches' | 'answers' | 'stops'
  /** The worker is told to leave when the first words are there. */
  readonly isHandedOver: boolean
}

const completed: Allowed = new Set(['completed'])
const plain = {
  allowed: completed,
  prompt: { text: promptText },
  person: 'watches',
  isHandedOver: false,
} as const

/** Words that come slowly enough for a worker to die between them. */
const slowly = (words: string) => text(words, { paceMs: 8 })
const opening = 'One two three four. '

/** A turn with everything in it that a turn waits for: texts, a permission, a file. */
const all: Scene = {
  ...plain,
  name: 'all',
  played: reply(
    text('One. '),
    ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })),
    text('Two.'),
  ),
  text: 'One. \n\nTwo.',
}

/** A turn that looks for something while a message comes. */
const steered: Scene = {
  ...plain,
  name: 'steered',
  played: reply(
    text('I look.'),
    gate('look'),
    tool.write({ filePath: 'a.txt', content: 'a' }),
    text('Alone.'),
  ),
  text: 'I look.\n\nAlone.',
}

export const scenes: readonly Scene[] = [
  {
    ...plain,
    name: 'text',
    played: reply(slowly(opening), slowly('Five six seven.')),
    text: `${opening}Five six seven.`,
  },
  {
    ...plain,
    name: 'tools',
    played: reply(
      slowly(opening),
      tool.write({ filePath: 'a.txt', content: 'a' }),
      tool.bash({ command: 'ls' }, { output: 'a.txt' }),
      slowly('Done.'),
    ),
    text: `${opening}\n\nDone.`,
  },
  {
    ...plain,
    name: 'asks',
    played: reply(
      slowly(opening),
      ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })),
      ask.question({ question: 'Which one?', options: ['this', 'that'] }),
      slowly('Done.'),
    ),
    text: `${opening}\n\nDone.`,
    person: 'answers',
  },
  {
    ...plain,
    name: 'sub-agent',
    played: reply(
      slowly(opening),
      tool.task({ description: 'Look', prompt: 'Look around' }, reply(slowly('I have looked.'))),
      slowly('Done.'),
    ),
    text: `${opening}\n\nDone.`,
  },
  {
    ...plain,
    name: 'structured',
    played: reply(tool.call('StructuredOutput', { answer: 42 })),
    text: '',
    prompt: {
      text: promptText,
      format: {
        type: 'json_schema',
        schema: { type: 'object', properties: { answer: { type: 'number' } } },
      },
    },
  },
  {
    ...plain,
    name: 'cancel',
    played: reply(slowly(opening), wait(400), slowly('Five six seven.')),
    text: `${opening}Five six seven.`,
    allowed: new Set(['completed', 'cancelled']),
    person: 'stops',
  },
  {
    ...plain,
    name: 'hand-over',
    played: reply(slowly(opening), wait(150), slowly('Five six seven.')),
    text: `${opening}Five six seven.`,
    isHandedOver: true,
  },
]

export function sceneOf(name: string): Scene {
  const scene = [all, steered, ...scenes].find((one) => one.name === name)
  if (scene === undefined) throw new Error(`no scene named ${name}`)
  return scene
}

/** A person answers in the web process, the rest is allowed at once. */
export function policyOf({ person }: Scene): AskPolicy {
  return person === 'answers' ? waitForPerson : () => ({ action: 'allow' })
}

/** All is decided at once, without a person. */
export const policyAlone: AskPolicy = ({ kind }) =>
  kind === 'permission' ? { action: 'allow' } : { action: 'answer', answers: [['this']] }
