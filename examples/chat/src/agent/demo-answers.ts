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
  'Tell me a long story',
  'Ask me something first',
  'Run a command, if I allow it',
  'Fail, so that I can see it',
] as const

/** The answers of the scripted model, so that everything can be seen without a key. */
export function demoAnswer({ text: prompt }: PromptInfo): Reply {
  if (/\bfail\b/i.test(prompt)) return reply(providerError({ status: 401 }))
  if (/\bask\b/i.test(prompt)) return question()
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
