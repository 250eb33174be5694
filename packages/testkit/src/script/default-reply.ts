import { reply, text } from './builder.js'
import type { PromptInfo } from './scenario.js'
import type { Reply } from './steps.js'
import { ask, tool } from './tools.js'

/**
 * A useful answer to any prompt, for demonstrations: Markdown text, and, where the prompt speaks of a file, a command,
 * a plan, a sub-agent or a question, the tool that goes with it.
 */
export function defaultReply(prompt: PromptInfo): Reply {
  const said = prompt.text.trim()
  if (/\b(sub-?agent|delegate)\b/iu.test(said)) return delegate(said)
  if (/\bask me\b|\bquestion\b/iu.test(said)) return question()
  if (/\b(todo|plan|steps)\b/iu.test(said)) return plan()
  if (/\b(run|command|shell)\b/iu.test(said)) return command()
  if (/\b(write|create|save|file|report|document)\b/iu.test(said)) return file(said)
  return reply(text(explain(said), { paceMs: 15 }))
}

function explain(said: string): string {
  const subject = said.length > 120 ? `${said.slice(0, 117)}…` : said || 'an empty prompt'
  return [
    `You asked: *${subject.replaceAll('\n', ' ')}*`,
    '',
    'I am a **scripted model**: I need no key and no network, and I always answer the same way.',
    '',
    '- This text is streamed word by word.',
    '- Ask me to `write notes.md` and I call the write tool.',
    '- Ask me to run a command, to plan, to delegate, or to ask you a question.',
    '',
  ].join('\n')
}

function file(said: string): Reply {
  const path =
    /(?:^|[\s"'`(])((?:\/|\.\/)?[\w-]+(?:[./-][\w-]+)*\.[a-z][a-z0-9]{0,7})(?=$|[\s"'`),.;:!?])/iu.exec(
      said,
    )?.[1] ?? 'notes.md'
  const content = `# ${path}\n\nWritten by the scripted model.\n\n> ${said.replaceAll('\n', '\n> ')}\n`
  return reply(
    text(`I will write \`${path}\`.`, { paceMs: 15 }),
    tool.write({ filePath: path, content }),
    text(`I wrote \`${path}\`. It holds a heading and your request.`, { paceMs: 15 }),
  )
}

function command(): Reply {
  return reply(
    text('I will look at the folder.', { paceMs: 15 }),
    tool.bash({ command: 'ls', description: 'List the files' }, { output: '' }),
    text('That is what the command printed.', { paceMs: 15 }),
  )
}

function plan(): Reply {
  return reply(
    tool.todowrite({
      todos: [
        { content: 'Understand the request', status: 'completed' },
        { content: 'Do the work', status: 'in_progress', priority: 'high' },
        { content: 'Check the result', status: 'pending' },
      ],
    }),
    text('Here is the plan: understand, do, check.', { paceMs: 15 }),
  )
}

function delegate(said: string): Reply {
  return reply(
    tool.task(
      { description: 'Look into it', prompt: `Please look into this: ${said}` },
      reply(text('The sub-agent looked into it and found nothing unusual.')),
    ),
    text('My sub-agent has reported back.', { paceMs: 15 }),
  )
}

function question(): Reply {
  return reply(
    ask.question({
      question: 'Which colour do you like best?',
      header: 'Colour',
      options: ['Blue', 'Green', 'Red'],
    }),
    text('Thank you, I will remember that for this conversation.', { paceMs: 15 }),
  )
}
