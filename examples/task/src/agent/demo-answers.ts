import { type PromptInfo, reasoning, type Reply, reply, text, tool } from '@turnstead/testkit'
import { placeQuestion } from '@turnstead-examples/start'

const slow = { paceMs: 15 }

/** The answers of the agent's scripted model, so that everything can be seen without a key. */
export function demoAnswer({ text: prompt }: PromptInfo): Reply {
  if (/\bask\b/i.test(prompt)) return question()
  if (/\b(run|command)\b/i.test(prompt)) return command()
  if (/\b(long|slow)\b/i.test(prompt)) return longWork()
  return packingList()
}

const todo = (status: 'in_progress' | 'completed') =>
  tool.todowrite({
    todos: [
      { content: 'Write the list', status },
      { content: 'Have it checked', status: status === 'completed' ? status : 'pending' },
    ],
  })

function packingList(): Reply {
  const content = '# Packing list\n\n- [ ] Passport\n- [ ] A pen\n- [ ] Something to read\n'
  const check = { description: 'Check the list', prompt: 'Is the packing list complete?' }
  return reply(
    reasoning('A short list is enough, and somebody else should look at it.', slow),
    todo('in_progress'),
    text('I write the list and have it checked.', slow),
    tool.write({ filePath: 'packing-list.md', content }),
    tool.task(check, reply(text('It is complete.', slow))),
    todo('completed'),
    text('The list is in `packing-list.md`, and it is complete.', slow),
  )
}

function question(): Reply {
  return reply(placeQuestion, text('Thank you. I waited for your answer.', slow))
}

function command(): Reply {
  const note = 'date > now.txt && cat now.txt'
  return reply(
    text('This needs your permission.', slow),
    tool.bash({ command: note, description: 'Write the time into a file' }),
    text('Thank you. Only this one call was allowed.', slow),
  )
}

function longWork(): Reply {
  const steps = Array.from({ length: 100 }, (_, index) => `Step ${index + 1} is done.`)
  return reply(
    text(`I go through it step by step. ${steps.join(' ')}`, slow),
    text('All steps are done.', slow),
  )
}
