import { ask, gate, providerError, reasoning, reply, text, tool, usage } from '@turnstead/testkit'
import { on, type Answer } from '@turnstead/testkit'

/** How the conversations are called, which are those of the prompts. */
export const titles = {
  tools: 'Wrong total in the cart',
  answer: 'Reading large files',
  ask: 'Tests with coverage',
  question: 'Release notes',
  running: 'What a lease is',
  failed: 'Old and new version',
  rightToLeft: 'מה זה',
} as const

/** What the pictures show; each prompt has its own answer. */
export const prompts = {
  tools:
    'The total in the cart is wrong when an item has a discount. Please find out why and fix it.',
  answer: 'How do I read a large file line by line in TypeScript?',
  ask: 'Run the tests again, if I allow it.',
  question: 'Write the release notes.',
  running: 'Explain what a lease is, in a few words.',
  failed: 'Compare this with the old version.',
  rightToLeft: 'מה זה?',
} as const

const todos = (first: Status, second: Status, third: Status) =>
  tool.todowrite({
    todos: [
      { content: 'Find where the total is computed', status: first },
      { content: 'Round once, at the end', status: second },
      { content: 'Run the tests', status: third },
    ],
  })
type Status = 'pending' | 'in_progress' | 'completed'

const before = `export function total(items: readonly Item[]): number {
  return items.reduce((sum, item) => {
    const price = Math.round(item.price * (1 - item.discount))
    return sum + price * item.count
  }, 0)
}
`
const after = before
  .replace('Math.round(item.price * (1 - item.discount))', 'item.price * (1 - item.discount)')
  .replace('return items.reduce', 'const sum = items.reduce')
  .replace('  }, 0)\n', '  }, 0)\n  return Math.round(sum)\n')

const testRun = [
  '\u001B[1m cart\u001B[0m',
  '  \u001B[32m✓\u001B[0m adds the prices of its items',
  '  \u001B[32m✓\u001B[0m takes discounts off, and rounds once',
  '  \u001B[33m-\u001B[0m \u001B[2mships to islands (skipped)\u001B[0m',
  '',
  '\u001B[32m  2 passing\u001B[0m \u001B[2m(41ms)\u001B[0m',
].join('\n')

const answer = [
  'Use the `readline` module with a stream, so that only one line is in memory:',
  '',
  '```ts',
  "import { createReadStream } from 'node:fs'",
  "import { createInterface } from 'node:readline'",
  '',
  'async function countLines(path: string): Promise<number> {',
  '  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity })',
  '  let count = 0',
  '  for await (const line of lines) {',
  "    if (line.trim() !== '') count += 1 // empty ones do not count",
  '  }',
  '  return count',
  '}',
  '```',
  '',
  '| Way | Memory | Good for |',
  '|---|---|---|',
  '| `readline` | one line | logs, CSV |',
  '| `readFile` | the whole file | small files |',
  '',
  'Before you use it:',
  '',
  '- [x] The file is text',
  '- [ ] Its lines are not longer than your memory',
].join('\n')

export const scenes: readonly Answer[] = [
  on(
    /total in the cart/,
    reply(
      reasoning('The discount is probably rounded for each item. Let me look where that happens.'),
      todos('in_progress', 'pending', 'pending'),
      tool.task(
        {
          description: 'Find the computation of the total',
          prompt: 'Where is the total computed? Name file and line.',
        },
        reply(
          tool.call('grep', { pattern: 'total\\(' }),
          text('It is in `src/cart.ts`, line 1. The price is rounded **before** it is multiplied.'),
        ),
      ),
      tool.write({ filePath: 'src/cart.ts', content: before }),
      text('That is it: each price is rounded. I take the rounding out of the loop.'),
      tool.edit({ filePath: 'src/cart.ts', oldString: before, newString: after }),
      tool.bash(
        { command: 'npm test -- cart', description: 'Run the tests of the cart' },
        { output: testRun },
      ),
      todos('completed', 'completed', 'completed'),
      text(
        'The price of each item was rounded before it was multiplied. It is now rounded **once**, at the end: three items at 9.99 with 10 % off cost 26.97, not 27.',
      ),
      usage({ input: 12_400, output: 890 }),
    ),
  ),
  on(/large file/, reply(text(answer), usage({ input: 4_200, output: 410 }))),
  on(
    /Run the tests again/,
    reply(
      text('I would run them once more, with coverage.'),
      ask.permission(
        tool.bash({
          command: 'npm test -- --coverage > coverage.txt',
          description: 'Run all tests with coverage',
        }),
        { patterns: ['npm test -- --coverage'] },
      ),
      text('Done.'),
    ),
  ),
  on(
    /release notes/,
    reply(
      text('One thing decides how I write them.'),
      ask.question({
        question: 'Who reads the release notes?',
        options: [
          { label: 'Users', description: 'What is new, in plain words' },
          { label: 'Developers', description: 'What breaks, and how to migrate' },
        ],
      }),
      text('Thank you.'),
    ),
  ),
  on(
    /what a lease is/,
    reply(
      text(
        'A lease says who works on something, and until when. Whoever holds it renews it; when it is not',
      ),
      gate('running'),
      text(' renewed, another one may take over.'),
    ),
  ),
  on(/מה זה/, reply(text('זה `turnstead`.\n\n- ראשון\n- שני\n\nAnd in English.'))),
  on(/old version/, reply(providerError({ status: 402 }))),
]
