import { reply, text } from '../../src/script/builder.js'
import type { ToolStep } from '../../src/script/steps.js'
import { tool } from '../../src/script/tools.js'
import type { ConformanceScenario } from '../scenario.js'

const long = Array.from({ length: 2_500 }, (_, index) => `line ${index + 1}`).join('\n')
const wide = `${'x'.repeat(2_500)}\nshort\n`
const heavy = Array.from({ length: 900 }, (_, index) => `${index} ${'y'.repeat(90)}`).join('\n')
const printed = Array.from({ length: 9_000 }, (_, index) => `line ${index} of a long output\n`)

const files = {
  'long.txt': `${long}\n`,
  'wide.txt': wide,
  'heavy.txt': `${heavy}\n`,
  'empty.txt': '',
  'double.txt': 'same\nother\nsame\n',
  'binary.bin': 'a\u0000b',
  'dot.png': Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
  'sub/a.txt': 'beta here\n',
  'sub/deep/b.txt': 'b\n',
  '.hidden': 'h\n',
}

function calling(name: string, ...steps: readonly ToolStep[]): ConformanceScenario {
  return {
    name: `the tool ${name}`,
    files,
    answers: reply(...steps.flatMap((step) => [step, text('next ')])),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  }
}

/** What tools answer. */
export const toolResultScenarios: readonly ConformanceScenario[] = [
  calling('read with a range', tool.read({ filePath: 'seed.txt', offset: 2, limit: 1 })),
  calling('read beyond the end', tool.read({ filePath: 'seed.txt', offset: 9 })),
  calling('read of a long file', tool.read({ filePath: 'long.txt' })),
  calling('read of a wide file', tool.read({ filePath: 'wide.txt' })),
  calling('read of a heavy file', tool.read({ filePath: 'heavy.txt' })),
  calling('read of an empty file', tool.read({ filePath: 'empty.txt' })),
  calling('read of a folder', tool.read({ filePath: 'sub' })),
  calling('read of a folder by pages', tool.read({ filePath: '.', offset: 2, limit: 2 })),
  calling('read of a missing file', tool.read({ filePath: 'sub/nope' })),
  calling(
    'read of a file nearly named',
    tool.read({ filePath: 'see.txt' }),
    tool.read({ filePath: 'seed' }),
  ),
  calling('read of an image', tool.read({ filePath: 'dot.png' })),
  calling('read of a binary', tool.read({ filePath: 'binary.bin' })),
  calling(
    'edit with several matches',
    tool.edit({ filePath: 'double.txt', oldString: 'same', newString: 'x' }),
  ),
  calling(
    'edit of all matches',
    tool.edit({ filePath: 'double.txt', oldString: 'same', newString: 'x', replaceAll: true }),
  ),
  calling(
    'edit that changes nothing',
    tool.edit({ filePath: 'seed.txt', oldString: 'beta', newString: 'beta' }),
  ),
  calling(
    'edit that makes a file',
    tool.edit({ filePath: 'made.txt', oldString: '', newString: 'new\n' }),
  ),
  calling(
    'edit of all of an old file',
    tool.edit({ filePath: 'seed.txt', oldString: '', newString: 'new\n' }),
  ),
  calling('edit of a folder', tool.edit({ filePath: 'sub', oldString: 'a', newString: 'b' })),
  calling('write of a folder', tool.write({ filePath: 'sub', content: 'x' })),
  calling(
    'bash that prints much',
    tool.bash(
      { command: 'for i in $(seq 0 8999); do echo "line $i of a long output"; done' },
      { output: printed.join('') },
    ),
  ),
  calling(
    'bash without output',
    tool.bash({ command: 'true' }, { output: '' }),
    tool.bash({ command: 'exit 3' }, { exit: 3 }),
  ),
  calling('skill that is none', tool.call('skill', { name: 'nope' })),
  calling(
    'edits with a model that patches',
    tool.applyPatch({ patchText: '*** Begin Patch\n*** Add File: x.txt\n+x\n*** End Patch' }),
  ),
  calling(
    'todowrite twice',
    tool.call('todowrite', { todos: [] }),
    tool.call('todowrite', { todos: [{ content: 'c', status: 'cancelled', priority: 'low' }] }),
  ),
]
