import { mkdir } from 'node:fs/promises'
import { ask, providerError, reasoning, reply, retry, text, tool } from '@turnstead/testkit'
import type { Flow } from '../flow.js'
import { runCli } from '../run-cli.js'
import type { ClientServer, Stage } from '../server.js'
import { startSteadyProxy } from '../steady-proxy.js'

/** Runs `opencode run --attach`. */
async function attached(server: ClientServer, words: readonly string[]): Promise<unknown> {
  // On Impostor the project is in memory; the command itself only needs a folder to stand in.
  await mkdir(server.directory, { recursive: true })
  const proxy = await startSteadyProxy(server.url, { untilRead: true })
  try {
    const target = ['--attach', proxy.url, '-p', server.password, '--dir', server.directory]
    const printed = await runCli(['run', ...target, ...words], server.directory)
    if (!words.includes('json')) return printed
    const lines = printed.out.split('\n').filter((line) => line !== '')
    return { ...printed, out: lines.map((line): unknown => JSON.parse(line)) }
  } finally {
    await proxy.close()
  }
}

async function stored(server: ClientServer): Promise<unknown> {
  const query = `?directory=${encodeURIComponent(server.directory)}`
  const read = async (path: string): Promise<unknown> =>
    (await fetch(server.url + path + query, { headers: server.headers })).json()
  const sessions = [await read('/session')].flat().filter(isRecord)
  const listed = sessions.toSorted((one, other) =>
    String(one['id']) < String(other['id']) ? -1 : 1,
  )
  return Promise.all(
    listed.map(async ({ id, title, parentID, permission, cost }) => ({
      title,
      hasParent: parentID !== undefined,
      permission,
      cost,
      messages: await read(`/session/${String(id)}/message`),
    })),
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function run(
  name: string,
  words: readonly string[],
  stage: Stage,
  options: { readonly isCore?: boolean } = {},
): Flow {
  return {
    name: `opencode run: ${name}`,
    stage,
    ...(options.isCore === true ? { isCore: true } : {}),
    run: async (server) => ({
      printed: await attached(server, words),
      stored: await stored(server),
    }),
  }
}

const hello = { answers: [reply(text('Hello from the script.'))] }
const write = tool.write({ filePath: 'notes.md', content: '# Notes\n' })

/** `opencode run --attach`, by what it is asked to do. */
export const cliFlows: readonly Flow[] = [
  run('a text', ['say hello'], hello, { isCore: true }),
  run(
    '--format json with a tool',
    ['--format', 'json', 'write'],
    {
      answers: [reply(text('First. '), write, text('Written.'))],
    },
    { isCore: true },
  ),
  run('a write', ['write'], { answers: [reply(write, text('Written.'))] }),
  run('an edit', ['edit'], {
    answers: [
      reply(
        tool.read({ filePath: 'seed.txt' }),
        text('Now. '),
        tool.edit({ filePath: 'seed.txt', oldString: 'beta', newString: 'BETA' }),
        text('Edited.'),
      ),
    ],
  }),
  run('--thinking', ['--thinking', '-m', 'scripted/think', 'think'], {
    answers: [reply(reasoning('Let me see.'), text('Seen.'))],
  }),
  run('--title', ['--title', 'My title', 'hello'], hello),
  run('-m', ['-m', 'scripted/gpt-5-scripted', 'hello'], hello),
  run('an unknown model', ['-m', 'scripted/none', 'hello'], { answers: [] }),
  run('--agent plan', ['--agent', 'plan', 'hello'], hello),
  run('an unknown agent', ['--agent', 'none', 'hello'], hello),
  run('a sub-agent as the agent', ['--agent', 'general', 'hello'], hello),
  run('--variant', ['--variant', 'high', 'hello'], hello),
  run('--file', ['hello', '--file', 'seed.txt'], hello),
  run('a missing --file', ['hello', '--file', 'none.txt'], { answers: [] }),
  run('--command', ['--command', 'greet', 'the', 'world'], hello),
  run('an unknown command', ['--command', 'none', 'x'], { answers: [] }),
  run('an unknown session', ['--session', 'ses_000000000001unknownunknown', 'hello'], {
    answers: [],
  }),
  run('a provider error', ['fail'], { answers: [reply(providerError())] }),
  run('a retry', ['retry'], { answers: [reply(retry({ message: 'Slow down' }), text('Done.'))] }),
  run('todos', ['plan'], {
    answers: [
      reply(
        tool.todowrite({
          todos: [
            { content: 'One', status: 'completed' },
            { content: 'Two', status: 'pending' },
          ],
        }),
        text('Planned.'),
      ),
    ],
  }),
  run('a sub-agent', ['delegate'], {
    answers: [
      reply(
        tool.task({ description: 'Look around', prompt: 'Look around' }, reply(text('Looked.'))),
        text('Delegated.'),
      ),
    ],
  }),
  run('a permission, which it rejects', ['write'], {
    answers: [reply(write, text('Not written.'))],
    asksToEdit: true,
  }),
  run('--auto', ['--auto', 'write'], {
    answers: [reply(write, text('Written.'))],
    asksToEdit: true,
  }),
  run('a question, which it may not ask', ['ask'], {
    answers: [reply(ask.question({ question: 'Which?', options: ['a', 'b'] }), text('Asked.'))],
  }),
  {
    name: 'opencode run: --continue and --fork',
    stage: { answers: [reply(text('One.')), reply(text('Two.')), reply(text('Three.'))] },
    run: async (server) => {
      const first = await attached(server, ['--title', 'kept', 'one'])
      const second = await attached(server, ['--continue', 'two'])
      const third = await attached(server, ['--continue', '--fork', 'three'])
      return { printed: [first, second, third], stored: await stored(server) }
    },
  },
]
