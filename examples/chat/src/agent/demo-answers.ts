import {
  providerError,
  reasoning,
  reply,
  text,
  tool,
  type PromptInfo,
  type Reply,
} from '@turnstead/testkit'
import { placeQuestion } from '@turnstead-examples/start'

/** What the first page offers; each shows something else. */
export const demoPrompts = [
  'Write a packing list into a file',
  'Fix a small program',
  'Tell me a long story',
  'Ask me something first',
  'Run a command, if I allow it',
  'Fail, so that I can see it',
] as const

const titles: Readonly<Record<(typeof demoPrompts)[number], string>> = {
  'Write a packing list into a file': 'Packing list',
  'Fix a small program': 'A small program',
  'Tell me a long story': 'A long story',
  'Ask me something first': 'A question first',
  'Run a command, if I allow it': 'A command with permission',
  'Fail, so that I can see it': 'A failure',
}

/** What the scripted model calls a conversation that begins like this. */
export function demoTitle(text: string): string {
  const known = demoPrompts.find((prompt) => text.includes(prompt))
  if (known !== undefined) return titles[known]
  const words = text.trim().split('\n').at(-1)?.split(/\s+/).slice(0, 6) ?? []
  return words.join(' ') || 'A conversation'
}

/** The answers of the scripted model, so that everything can be seen without a key. */
export function demoAnswer({ text: prompt }: PromptInfo): Reply {
  if (/\bfail\b/i.test(prompt)) return reply(providerError({ status: 401 }))
  if (/\bask\b/i.test(prompt)) return question()
  if (/\b(fix|program)\b/i.test(prompt)) return smallProgram()
  if (/\b(run|command)\b/i.test(prompt)) return command()
  if (/\b(long|story)\b/i.test(prompt)) return story()
  if (/\b(write|file|list|save)\b/i.test(prompt)) return packingList()
  return introduction(prompt)
}

function packingList(): Reply {
  const list = [
    '# Packing list',
    '',
    '- [ ] Passport, tickets, a pen',
    '- [ ] One book that can be left behind',
    '- [ ] Charger, and the adapter for it',
    '- [ ] Rain jacket',
    '',
  ].join('\n')
  return reply(
    reasoning('A short list is more useful than a complete one. A file lets it be printed.', slow),
    text('I’ll put the list into a file, so that you can print it.', slow),
    tool.write({ filePath: 'packing-list.md', content: list }),
    text(
      [
        'Done: `packing-list.md` has **four entries**, each with a box to tick.',
        '',
        '| What | Why |',
        '|---|---|',
        '| Papers | Nothing else matters without them |',
        '| One book | Trains are late |',
        '| Charger | So is everything else |',
        '| Rain jacket | It will rain |',
        '',
        'Tell me where you go and for how long, and I’ll change it.',
      ].join('\n'),
      slow,
    ),
  )
}

function smallProgram(): Reply {
  const plan = (...statuses: ('pending' | 'in_progress' | 'completed')[]) =>
    tool.todowrite({
      todos: ['Write it', 'Find the mistake', 'Mend it'].map((content, index) => ({
        content,
        status: statuses[index] ?? 'pending',
      })),
    })
  const program = [
    'export function average(numbers: readonly number[]): number {',
    '  let sum = 0',
    '  for (const number of numbers) sum += number',
    '  return sum / numbers.length',
    '}',
    '',
  ]
  const mended = program[3]?.replace('return', 'return numbers.length === 0 ? 0 :') ?? ''
  return reply(
    plan('in_progress'),
    tool.write({ filePath: 'average.ts', content: program.join('\n') }),
    text('Somebody else should look at it.', slow),
    tool.task(
      {
        description: 'Look for a mistake',
        prompt: 'Read average.ts, and say in one sentence what is wrong with it.',
      },
      reply(
        tool.read({ filePath: 'average.ts' }),
        text('The average of **no** numbers is `NaN`.', slow),
      ),
    ),
    plan('completed', 'completed', 'in_progress'),
    tool.edit({
      filePath: 'average.ts',
      oldString: program[3] ?? '',
      newString: mended,
    }),
    plan('completed', 'completed', 'completed'),
    text(
      [
        'Mended: without numbers the average is 0 now.',
        '',
        '```ts',
        ...program.with(3, mended).slice(0, -1),
        '```',
      ].join('\n'),
      slow,
    ),
  )
}

function question(): Reply {
  return reply(
    placeQuestion,
    text('Thank you. The turn stood still until you answered, and its clocks with it.', slow),
  )
}

function command(): Reply {
  return reply(
    text('This needs your permission.', slow),
    tool.bash({ command: 'date', description: 'Ask for the time' }),
    text('Thank you. Only this one call was allowed; the next is asked for again.', slow),
  )
}

function story(): Reply {
  const chapters = Array.from({ length: 12 }, (_, index) => chapter(index + 1))
  return reply(
    reasoning('Long enough to be stopped in the middle.', slow),
    text(chapters.join('\n\n'), slow),
  )
}

function chapter(number: number): string {
  return [
    `### Chapter ${number}`,
    '',
    'The house stood where the road turned, and whoever came by in the evening saw a lamp in its window. ' +
      'Nobody had lit it, and nobody had ever seen it go out.',
    '',
    'The postman said that it was for the people who had sent a letter and did not know whether it arrived. ' +
      'They only had to look: while the lamp was lit, somebody was still reading.',
  ].join('\n')
}

function introduction(prompt: string): Reply {
  return reply(
    reasoning('No key was found, so this answer comes from a script.', slow),
    text(
      [
        `You wrote: *${prompt.slice(0, 200).replaceAll(/\s+/g, ' ')}*`,
        '',
        'I’m a **scripted model**. The server that calls me is real, and so is everything between it and this page:',
        '',
        '1. Your message was stored before it was sent.',
        '2. This text is streamed as I write it.',
        '3. Cost and tokens are in the row when the turn has settled.',
        '',
        'Ask me to *write a file* or to *tell a long story*. For real answers set `ANTHROPIC_API_KEY` or `OPENAI_API_KEY` and start again.',
      ].join('\n'),
      slow,
    ),
  )
}

const slow = { paceMs: 35 }
