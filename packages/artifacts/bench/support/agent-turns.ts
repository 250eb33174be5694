import { reply, text, tool, type Reply } from '@turnstead/testkit'

/** A turn, and the files that it leaves as its own. */
export interface AgentTurn {
  readonly name: string
  readonly model: 'standard' | 'gpt-5-scripted'
  /** Its steps, in a folder of its own, which ends with `/`. */
  readonly answer: (folder: string) => Reply
  /** Texts by path below that folder. */
  readonly files: Readonly<Record<string, string>>
}

const shell = (folder: string, command: string): ReturnType<typeof tool.bash> =>
  tool.bash({ command: `mkdir -p '${folder}' && cd '${folder}' && ${command}` })

/** Every way in which an agent makes, changes and removes files. */
export const agentTurns: readonly AgentTurn[] = [
  {
    name: 'written twice',
    model: 'standard',
    answer: (folder) =>
      reply(
        tool.write({ filePath: `${folder}a.txt`, content: 'one' }),
        text('Better.'),
        tool.write({ filePath: `${folder}a.txt`, content: 'two\n  \n' }),
        text('Done.'),
      ),
    files: { 'a.txt': 'two\n  \n' },
  },
  {
    name: 'edited',
    model: 'standard',
    answer: (folder) =>
      reply(
        tool.write({ filePath: `${folder}deep/ü.md`, content: '# Draft\n' }),
        text('Better.'),
        tool.edit({ filePath: `${folder}deep/ü.md`, oldString: 'Draft', newString: 'Final' }),
        text('Done.'),
      ),
    files: { 'deep/ü.md': '# Final\n' },
  },
  {
    name: 'patched',
    model: 'gpt-5-scripted',
    answer: (folder) => {
      const patch = (...lines: string[]): ReturnType<typeof tool.applyPatch> =>
        tool.applyPatch({ patchText: ['*** Begin Patch', ...lines, '*** End Patch'].join('\n') })
      return reply(
        patch(
          ...[`*** Add File: ${folder}a.txt`, '+one', `*** Add File: ${folder}b.txt`, '+two'],
          ...[`*** Add File: ${folder}c.txt`, '+three'],
        ),
        text('Better.'),
        patch(
          ...[`*** Update File: ${folder}a.txt`, `*** Move to: ${folder}moved/a.txt`, '@@'],
          ...['-one', '+1', `*** Delete File: ${folder}b.txt`],
        ),
        text('Done.'),
      )
    },
    files: { 'moved/a.txt': '1\n', 'c.txt': 'three\n' },
  },
  {
    name: 'moved by a shell',
    model: 'standard',
    answer: (folder) =>
      reply(
        tool.write({ filePath: `${folder}a.txt`, content: 'a' }),
        tool.write({ filePath: `${folder}b/b.txt`, content: 'b' }),
        text('Tidier.'),
        shell(folder, 'mv a.txt other.txt && mv b c'),
        text('Done.'),
      ),
    files: { 'other.txt': 'a', 'c/b.txt': 'b' },
  },
  {
    name: 'deleted by a shell',
    model: 'standard',
    answer: (folder) =>
      reply(
        tool.write({ filePath: `${folder}a.txt`, content: 'a' }),
        tool.write({ filePath: `${folder}b/b.txt`, content: 'b' }),
        tool.write({ filePath: `${folder}c.txt`, content: 'c' }),
        text('Tidier.'),
        shell(folder, 'rm -r a.txt b'),
        text('Done.'),
      ),
    files: { 'c.txt': 'c' },
  },
  {
    name: 'made by a shell',
    model: 'standard',
    answer: (folder) =>
      reply(
        tool.write({ filePath: `${folder}a.txt`, content: 'a' }),
        text('More.'),
        shell(
          folder,
          [
            'mkdir -p made/deep',
            "printf 'x\\n\\n' > 'made/deep/with space ä.txt'",
            "printf '' > empty.txt",
            "printf 'longer' > a.txt",
            'cp a.txt old.txt && touch -d 2001-01-01 old.txt',
            'printf "c" > node_modules.txt && mkdir -p node_modules && touch node_modules/x.js',
          ].join(' && '),
        ),
        text('Done.'),
      ),
    files: {
      'a.txt': 'longer',
      'made/deep/with space ä.txt': 'x\n\n',
      'empty.txt': '',
      'old.txt': 'longer',
      'node_modules.txt': 'c',
    },
  },
  {
    name: 'by a sub-agent',
    model: 'standard',
    answer: (folder) =>
      reply(
        tool.write({ filePath: `${folder}parent.txt`, content: 'parent' }),
        tool.write({ filePath: `${folder}gone.txt`, content: 'gone' }),
        text('Now my helper.'),
        tool.task(
          { description: 'Help', prompt: `Help in ${folder}` },
          reply(
            tool.write({ filePath: `${folder}child.txt`, content: 'draft' }),
            tool.write({ filePath: `${folder}moves.txt`, content: 'moves' }),
            text('Better.'),
            tool.edit({ filePath: `${folder}child.txt`, oldString: 'draft', newString: 'child' }),
            shell(folder, 'rm gone.txt && mv moves.txt moved.txt && printf s > shell.txt'),
            text('Helped.'),
          ),
        ),
        text('Done.'),
      ),
    files: { 'parent.txt': 'parent', 'child.txt': 'child', 'moved.txt': 'moves', 'shell.txt': 's' },
  },
]
