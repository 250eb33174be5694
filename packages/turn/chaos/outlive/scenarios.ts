import { finish, reasoning, reply, type Step, text, tool } from '@turnstead/testkit'
import type { Prompt } from '../../src/index.js'

/** A turn that a server has run before it is lost. */
export interface LostScenario {
  readonly name: string
  /** What it says and does up to where the server may be lost in its middle, and after that. */
  readonly before: readonly Step[]
  readonly after: readonly Step[]
  readonly prompt?: Omit<Prompt, 'text'>
}

const write = (filePath: string, content = 'one\ntwo\nthree\n'): Step =>
  tool.write({ filePath, content })
const bash = (command: string): Step => tool.bash({ command })
/** A new step of the agent: what one message calls runs at once. */
const then = text('Then: ')
const long = (count: number): string =>
  Array.from({ length: count }, (_, line) => `Line ${line} of a long text.`).join('\n')

const plain = (
  name: string,
  before: readonly Step[],
  after: readonly Step[] = [text('Done.')],
  prompt?: LostScenario['prompt'],
): LostScenario => ({ name, before, after, ...(prompt && { prompt }) })

const picture =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** Everything that a model is told of later: words, thoughts, tools that work and fail, files, sub-agents, all at once. */
export const lostScenarios: readonly LostScenario[] = [
  plain('words', [text('Some words. ')]),
  plain('unicode', [text('Grüße 👩‍👩‍👧 \u202eabc\u202c ﷽ ')]),
  plain('long words', [text(long(400))]),
  plain('thoughts', [reasoning('Let me think. '), text('I think. ')]),
  plain('write', [write('a.txt')]),
  plain('write twice', [write('a.txt'), then, write('a.txt', 'other\n')]),
  plain('write large', [write('large.txt', long(3_000))]),
  plain('edit', [
    write('a.txt'),
    then,
    tool.edit({ filePath: 'a.txt', oldString: 'two', newString: 'zwei' }),
  ]),
  plain('edit that fails', [tool.edit({ filePath: 'none.txt', oldString: 'a', newString: 'b' })]),
  plain('read', [write('a.txt'), then, tool.read({ filePath: 'a.txt' })]),
  plain('read a range', [
    write('long.txt', long(200)),
    then,
    tool.read({ filePath: 'long.txt', offset: 10, limit: 5 }),
  ]),
  plain('read what is not there', [tool.read({ filePath: 'none.txt' })]),
  plain('shell', [bash('echo hello')]),
  plain('shell that fails', [bash('echo no >&2; exit 3')]),
  plain('shell that says much', [bash('seq 1 5000')]),
  plain('shell that says nothing', [bash('true')]),
  plain('shell and files', [
    bash('printf made > made.txt'),
    then,
    tool.read({ filePath: 'made.txt' }),
  ]),
  plain('glob', [write('b.ts'), then, tool.call('glob', { pattern: '*.ts' })]),
  plain('grep', [write('c.md', 'needle\n'), then, tool.call('grep', { pattern: 'needle' })]),
  plain('todos', [
    tool.todowrite({
      todos: [
        { content: 'First', status: 'completed' },
        { content: 'Second', status: 'pending' },
      ],
    }),
  ]),
  plain('sub-agent', [
    tool.task(
      { description: 'A part of it', prompt: 'Help with words' },
      reply(text('Helped with words.')),
    ),
  ]),
  plain('sub-agent with a tool', [
    tool.task(
      { description: 'A part of it', prompt: 'Help with files' },
      reply(write('by-agent.txt'), text('Helped with files.')),
    ),
  ]),
  plain('two tools at once', [write('one.txt'), write('two.txt'), bash('ls')]),
  plain('many steps', [
    bash('echo 1'),
    text('And '),
    bash('echo 2'),
    text('then '),
    bash('echo 3'),
  ]),
  plain('unknown tool', [tool.call('no_such_tool', { a: 1 })]),
  plain('arguments that are no JSON', [tool.call('bash', '{"command": ')]),
  plain('cut at its limit', [text('Cut ')], [text('here'), finish('length')]),
  plain('a system prompt', [text('As told. ')], undefined, { system: 'Speak kindly.' }),
  plain('several parts', [text('Both. ')], undefined, {
    parts: [{ type: 'text', text: 'And a second part.' }],
  }),
  plain('a picture', [text('Seen. ')], undefined, {
    parts: [{ type: 'file', mime: 'image/png', filename: 'dot.png', url: picture }],
  }),
]
