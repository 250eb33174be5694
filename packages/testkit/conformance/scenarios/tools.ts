import { reasoning, reply, text } from '../../src/script/builder.js'
import { ask, tool } from '../../src/script/tools.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'
import type { Reply } from '../../src/script/steps.js'

const play = (
  name: string,
  answers: Reply,
  more: Partial<ConformanceScenario> = {},
  prompt: Record<string, unknown> = {},
): ConformanceScenario => ({
  name,
  answers,
  ...more,
  async run(client: Client) {
    const id = await client.session()
    await client.prompt(id, { parts: [{ type: 'text', text: 'go' }], ...prompt })
    await client.idle(id)
    await client.send('GET', `/session/${id}/message`)
    await client.send('GET', `/session/${id}/todo`)
  },
})

const write = tool.write({ filePath: 'out.txt', content: 'hello file\nline 2\n' }, { pieces: 3 })
const patchModel = { model: { providerID: 'scripted', modelID: 'gpt-5-scripted' } }

/** Tools, one by one. */
export const toolScenarios: readonly ConformanceScenario[] = [
  play('write a new file', reply(text('I will write.'), write, text('Wrote it.'))),
  play('write in a git repository', reply(text('I will write.'), write, text('Wrote it.')), {
    git: true,
  }),
  play(
    'write over a file',
    reply(tool.write({ filePath: 'seed.txt', content: 'new\n' }), text('done')),
  ),
  play(
    'write into a folder that does not exist',
    reply(tool.write({ filePath: 'a/b/c.txt', content: 'deep\n' }), text('done')),
  ),
  play('reasoning, text, a call, text', reply(reasoning('hm'), text('now'), write, text('done'))),
  play(
    'edit',
    reply(tool.edit({ filePath: 'seed.txt', oldString: 'beta', newString: 'BETA' }), text('done')),
  ),
  play(
    'edit in a git repository',
    reply(tool.edit({ filePath: 'seed.txt', oldString: 'beta', newString: 'BETA' }), text('done')),
    { git: true },
  ),
  play(
    'edit that does not match',
    reply(tool.edit({ filePath: 'seed.txt', oldString: 'nothing', newString: 'x' }), text('sorry')),
  ),
  play(
    'edit of a missing file',
    reply(tool.edit({ filePath: 'missing.txt', oldString: 'a', newString: 'b' }), text('sorry')),
  ),
  play('read', reply(tool.read({ filePath: 'seed.txt' }), text('read'))),
  play('read of a missing file', reply(tool.read({ filePath: 'missing.txt' }), text('sorry'))),
  play('bash', reply(tool.bash({ command: 'echo hello' }, { output: 'hello\n' }), text('ran'))),
  play('bash without output', reply(tool.bash({ command: 'true' }), text('ran'))),
  play(
    'bash that fails',
    reply(tool.bash({ command: 'echo out; exit 3' }, { output: 'out\n', exit: 3 }), text('ran')),
  ),
  play(
    'todowrite',
    reply(
      tool.todowrite({
        todos: [
          { content: 'a', status: 'completed' },
          { content: 'b', status: 'pending', priority: 'high' },
        ],
      }),
      text('planned'),
    ),
  ),
  play(
    'apply_patch adds and updates',
    reply(
      tool.applyPatch({
        patchText:
          '*** Begin Patch\n*** Add File: patched/new.txt\n+one\n+two\n*** Update File: seed.txt\n@@\n alpha\n-beta\n+BETA\n gamma\n*** End Patch',
      }),
      text('patched'),
    ),
    {},
    patchModel,
  ),
  play(
    'apply_patch moves and deletes',
    reply(
      tool.applyPatch({
        patchText:
          '*** Begin Patch\n*** Update File: seed.txt\n*** Move to: moved/seed2.txt\n@@\n alpha\n-beta\n+BETA\n gamma\n*** Delete File: gone.txt\n*** End Patch',
      }),
      text('patched'),
    ),
    { files: { 'gone.txt': 'bye\n' } },
    patchModel,
  ),
  play('a tool that does not exist', reply(tool.call('no_such_tool', { a: 1 }), text('sorry'))),
  play(
    'a tool in the wrong case',
    reply(tool.call('Read', { filePath: 'seed.txt' }), text('read')),
  ),
  play(
    'arguments that are not JSON',
    reply(tool.call('write', '{"filePath": "x.txt", "content": "unterminated'), text('sorry')),
  ),
  play('arguments against the schema', reply(tool.call('write', { wrong: true }), text('sorry'))),
  play(
    'two tools side by side',
    reply(
      text('Two at once.'),
      tool.read({ filePath: 'seed.txt' }),
      tool.write({ filePath: 'p2.txt', content: 'p2\n' }),
      text('both'),
    ),
  ),
  play(
    'three loops',
    reply(
      tool.read({ filePath: 'seed.txt' }),
      text('one'),
      tool.write({ filePath: 'l.txt', content: 'l\n' }),
      text('two'),
      tool.read({ filePath: 'l.txt' }),
      text('three'),
    ),
  ),
  play(
    'a sub-agent',
    reply(
      text('Delegating.'),
      tool.task({ description: 'Do the sub job', prompt: 'sub prompt' }, reply(text('sub answer'))),
      text('The sub-agent finished.'),
    ),
  ),
  play(
    'a sub-agent that writes',
    reply(
      tool.task(
        { description: 'Write it', prompt: 'sub write' },
        reply(tool.write({ filePath: 'sub.txt', content: 's\n' }), text('written')),
      ),
      text('done'),
    ),
  ),
  play(
    'an unknown sub-agent',
    reply(
      tool.task({ description: 'Nobody', prompt: 'x', subagent_type: 'nobody' }),
      text('sorry'),
    ),
  ),
  {
    name: 'a question answered',
    answers: reply(
      ask.question({ question: 'Which colour?', header: 'Colour', options: ['Red', 'Blue'] }),
      text('Thanks.'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      const asked = await client.event('question.asked')
      await client.quiet()
      await client.send('GET', '/question')
      await client.send('GET', '/session/status')
      await client.send('POST', `/question/${String(asked.properties['id'])}/reply`, {
        answers: [['Blue']],
      })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'two questions, one with free text, one unanswered',
    answers: reply(
      ask.question([
        { question: 'One?', options: ['A', 'B'], multiple: true },
        { question: 'Two?', options: ['C'] },
      ]),
      text('Thanks.'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      const asked = await client.event('question.asked')
      await client.send('POST', `/question/${String(asked.properties['id'])}/reply`, {
        answers: [['A', 'my own']],
      })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a question dismissed',
    answers: reply(
      ask.question({ question: 'Which colour?', options: ['Red', 'Blue'] }),
      text('never'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      const asked = await client.event('question.asked')
      await client.send('POST', `/question/${String(asked.properties['id'])}/reject`)
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
