import { reply, text } from '../../../src/script/builder.js'
import { always } from '../../../src/script/scenario.js'
import { tool } from '../../../src/script/tools.js'
import type { ConformanceScenario } from '../../scenario.js'

const anything = always(/.*/su, reply(text('ok')))

const wrongInputs: readonly (readonly [string, Record<string, unknown>])[] = [
  ['write', { filePath: 5, content: 'x' }],
  ['write', { filePath: 'a', content: ['x'] }],
  ['edit', { filePath: 'seed.txt', oldString: 1, newString: 2 }],
  ['edit', { filePath: 'seed.txt', oldString: 'alpha', newString: 'x', replaceAll: 'yes' }],
  ['read', { filePath: 'seed.txt', offset: 'a' }],
  ['read', { filePath: 'seed.txt', limit: -1 }],
  ['read', { filePath: 'seed.txt', offset: 1.5 }],
  ['bash', { command: true }],
  ['bash', { command: 'echo x', timeout: 'a' }],
  ['glob', { pattern: 5 }],
  ['grep', { pattern: 'a', include: 5 }],
  ['todowrite', { todos: 'x' }],
  ['todowrite', { todos: [{ content: 'a', status: 5, priority: 'x' }] }],
  ['task', { description: 5, prompt: 'p', subagent_type: 'general' }],
  ['webfetch', { url: 'http://x', format: 'pdf' }],
  ['webfetch', { url: 'ftp://x' }],
  ['question', { questions: [{ question: 'q', header: 'h' }] }],
  ['skill', {}],
]

const notJson: readonly string[] = [
  '{"command": ',
  '{"command"',
  '{"command":"ls}',
  '{"command":"a\nb"}',
  "{'command':1}",
  '{command:1}',
  '{"command":1,}',
  '{"a":[1,2}',
  '{"a":tru}',
  '{} x',
  'Sure, here',
]

/** Commands, agents and calls as hosts and models get them wrong. */
export const commandUseScenarios: readonly ConformanceScenario[] = [
  {
    name: 'commands with shells in them, and agents one after the other',
    config: {
      command: {
        run: { template: 'Say !`echo hello` to $1, !`exit 3`, rest $ARGUMENTS.' },
        plan: { template: 'plan it $ARGUMENTS', agent: 'plan' },
        bare: { template: 'no placeholders' },
        init: { template: 'mine $ARGUMENTS' },
      },
    },
    answers: [anything],
    async run(client) {
      const id = await client.session()
      for (const [command, given] of [
        ['run', 'x "y z" [Image 1] w'],
        ['plan', 'now'],
        ['bare', 'extra words'],
        ['bare', ''],
        ['init', 'x'],
      ]) {
        await client.send('POST', `/session/${id}/command`, { command, arguments: given })
        await client.quiet()
      }
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', `/session/${id}`)
    },
  },
  {
    name: 'commands that name files and agents, in git',
    git: true,
    files: { 'docs/g.md': '# g\n' },
    config: {
      agent: {
        helper: { mode: 'subagent', description: 'h' },
        small: { mode: 'primary', model: 'scripted/small', description: 's' },
      },
      command: {
        a: { template: 'Ask $ARGUMENTS' },
        f: { template: 'Read @seed.txt, `@seed.txt` and a@seed.txt. $ARGUMENTS' },
        h: { template: 'help $1', agent: 'helper' },
        direct: { template: 'help me $1', agent: 'helper', subtask: false },
        s: { template: 'small $1', agent: 'small' },
        m: { template: 'mm', model: 'scripted/think', agent: 'small' },
      },
    },
    answers: [anything],
    async run(client) {
      const id = await client.session()
      const mine = {
        type: 'file',
        mime: 'text/plain',
        url: `file://${client.directory}/seed.txt`,
        filename: 'mine',
      }
      for (const [command, given, more] of [
        ['f', 'and @seed.txt', {}],
        ['f', '@nope.txt', { parts: [mine] }],
        ['a', '@general', {}],
        ['s', 'x', {}],
        ['m', '', {}],
        ['direct', 'y', {}],
        ['h', 'z', { agent: 'plan', model: 'scripted/think' }],
      ] as const) {
        const body = { command, arguments: given, ...more }
        await client.send('POST', `/session/${id}/command`, body)
        await client.quiet()
      }
      const last = { agent: 'small', parts: [{ type: 'text', text: 'go' }] }
      await client.send('POST', `/session/${id}/message`, last)
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', `/session/${id}`)
    },
  },
  {
    name: 'a default agent of the configuration',
    config: {
      default_agent: 'zed',
      agent: {
        zed: { mode: 'primary', description: 'z', model: 'scripted/think' },
        alf: { mode: 'all', description: 'a' },
      },
    },
    answers: [anything],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
      await client.prompt(id, { agent: 'none', parts: [{ type: 'text', text: 'x' }] })
      await client.quiet()
    },
  },
  {
    name: 'inputs of the wrong type',
    answers: reply(
      ...wrongInputs.flatMap(([name, input]) => [tool.call(name, input), text('Next.')]),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'arguments that are no JSON',
    answers: reply(...notJson.flatMap((raw) => [tool.call('bash', raw), text('Next.')])),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
