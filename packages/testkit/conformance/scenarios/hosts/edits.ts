import { providerError, reasoning, reply, text } from '../../../src/script/builder.js'
import { always, on } from '../../../src/script/scenario.js'
import { tool } from '../../../src/script/tools.js'
import type { Client } from '../../client.js'
import type { ConformanceScenario } from '../../scenario.js'

interface Shown {
  readonly info: { readonly id: string }
  readonly parts: readonly { readonly id: string; readonly type: string }[]
}

async function messages(client: Client, id: string): Promise<readonly Shown[]> {
  return (await client.send('GET', `/session/${id}/message`)).body as Shown[]
}

async function turn(
  client: Client,
  id: string,
  prompt: string | Record<string, unknown>,
): Promise<void> {
  await client.prompt(id, prompt)
  await client.idle(id)
}

async function contents(client: Client, names: readonly string[]): Promise<void> {
  for (const name of names) await client.send('GET', `/file/content?path=${name}`)
}

const python = `class A:
    def f(self):
        x = 1
        y = 2
        z = 3
        return x

    def g(self):
        a = 1
        b = 2
        c = 3
        d = 4
        return a
`

const edits: readonly (readonly [string, string, string])[] = [
  ['crlf.txt', 'a\nb', 'A\nB'],
  ['bom.txt', 'one', 'ONE'],
  ['indent.js', 'function a() {\nreturn 1\n}', 'function b() {\n    return 2\n}'],
  ['seed.txt', '  beta  ', 'trimmed'],
  ['ind.py', '        d = 4', '        d = 44\n        dd = 5'],
  ['ind.py', 'x = 1\n  y = 2', 'x = 7\n        y = 8'],
  ['blanks.txt', 'a b c', 'squeezed'],
  ['escaped.txt', 'tab\\there', 'plain'],
  ['block.txt', 'begin\n  midle one\n  middle two\nend', 'begin\nend'],
  ['twice.txt', ' same', 'other'],
  ['block.txt', 'nothing\nlike\nthis', 'x'],
]

const patches: readonly string[] = [
  '*** Begin Patch\n*** Update File: a.txt\n@@\n one\n-two\n+TWO\n@@\n four\n-five\n+FIVE\n*** End Patch',
  '*** Begin Patch\n*** Update File: d.txt\n@@ fn b() {\n-  1\n+  2\n*** End Patch',
  '*** Begin Patch\n*** Update File: b.txt\n@@\n-x\n+X\n*** End Patch',
  '*** Begin Patch\n*** Update File: c.txt\n@@\n+added\n*** End Patch',
  "cat <<'EOF'\n*** Begin Patch\n*** Add File: e/f.txt\n+e\n*** End Patch\nEOF",
  '*** Begin Patch\n*** Update File: a.txt\n@@ nowhere\n-one\n+1\n*** End Patch',
  '*** Begin Patch\n*** Update File: a.txt\n@@\n-zzz\n+1\n*** End Patch',
  '*** Begin Patch\n*** Update File: a.txt\n*** Move to: g/a.txt\n@@\n-one\n+uno\n*** End Patch',
  '*** Begin Patch\n*** Delete File: none.txt\n*** End Patch',
  '*** Begin Patch\n*** Update File: none.txt\n@@\n-a\n+b\n*** End Patch',
  '*** Begin Patch\n*** End Patch',
  'nonsense',
  'before\n*** Begin Patch\n*** Add File: late.txt\n+x\n*** End Patch\nafter',
]

/** Edits that are nearly right, and what is taken back of them. */
export const editScenarios: readonly ConformanceScenario[] = [
  {
    name: 'reverts at odd places',
    git: true,
    answers: [
      on(
        'one',
        reply(
          reasoning('hm'),
          text('a'),
          tool.write({ filePath: 'x.txt', content: '1\n' }),
          text('b'),
        ),
      ),
      on('bad', reply(providerError({ status: 400, message: 'no' }))),
      always(/next/u, reply(text('ok'))),
    ],
    async run(client) {
      const id = await client.session()
      await turn(client, id, 'one')
      await turn(client, id, 'bad')
      const [, first, , bad, failed] = await messages(client, id)
      const partOf = (type: string): string | undefined =>
        first?.parts.find((part) => part.type === type)?.id
      for (const body of [
        { messageID: first?.info.id, partID: partOf('reasoning') },
        { messageID: first?.info.id, partID: partOf('text') },
        { messageID: first?.info.id, partID: partOf('tool') },
        { messageID: first?.info.id, partID: 'prt_nope' },
        { messageID: 'msg_nope' },
        { messageID: failed?.info.id },
        { messageID: bad?.info.id },
      ]) {
        await client.send('POST', `/session/${id}/revert`, body)
        await client.quiet()
        await client.send('GET', '/vcs/status')
      }
      await turn(client, id, 'next')
      await client.send('POST', `/session/${id}/unrevert`)
      await messages(client, id)
    },
  },
  {
    name: 'edits that are not quite what is in the file',
    files: {
      'crlf.txt': 'a\r\nb\r\nc\r\n',
      'bom.txt': '\uFEFFone\ntwo\n',
      'indent.js': 'function a() {\n    return 1\n}\n',
      'ind.py': python,
      'blanks.txt': 'x\na   b\tc\ny\n',
      'escaped.txt': 'tab\there\n',
      'block.txt': 'begin\n  middle one\n  middle two\nend\nrest\n',
      'twice.txt': 'same\nsame\n',
    },
    answers: reply(
      ...edits.flatMap(([filePath, oldString, newString]) => [
        tool.edit({ filePath, oldString, newString }),
        text('Next.'),
      ]),
    ),
    async run(client) {
      const id = await client.session()
      await turn(client, id, 'go')
      await messages(client, id)
      await contents(client, ['crlf.txt', 'bom.txt', 'indent.js', 'ind.py', 'block.txt'])
    },
  },
  {
    name: 'patches of every kind',
    files: {
      'a.txt': 'one\ntwo\nthree\nfour\nfive\n',
      'b.txt': 'x  \ny\n',
      'c.txt': 'no newline',
      'd.txt': 'fn a() {\n  1\n}\nfn b() {\n  1\n}\n',
    },
    answers: always(
      /go/u,
      reply(...patches.flatMap((patchText) => [tool.applyPatch({ patchText }), text('Next.')])),
    ),
    async run(client) {
      const id = await client.session()
      const model = { providerID: 'scripted', modelID: 'gpt-5-scripted' }
      await turn(client, id, { model, parts: [{ type: 'text', text: 'go' }] })
      await messages(client, id)
      await contents(client, ['g/a.txt', 'b.txt', 'c.txt', 'd.txt', 'e/f.txt', 'late.txt'])
    },
  },
  {
    name: 'revert to a tool in the middle of a turn, then further back, then a prompt',
    git: true,
    answers: [
      on(
        'one',
        reply(
          tool.write({ filePath: 'a b.txt', content: '1\n' }),
          text('x'),
          tool.edit({ filePath: 'seed.txt', oldString: 'beta', newString: 'BETA' }),
          text('y'),
          tool.edit({ filePath: 'seed.txt', oldString: 'BETA', newString: 'GAMMA' }),
          text('z'),
        ),
      ),
      on('two', reply(tool.write({ filePath: 'b.txt', content: '2\n' }), text('w'))),
      on('three', reply(text('after'))),
    ],
    async run(client) {
      const id = await client.session()
      await turn(client, id, 'one')
      await turn(client, id, 'two')
      const list = await messages(client, id)
      const third = list[3]
      const partID = third?.parts.find((part) => part.type === 'tool')?.id
      await client.send('POST', `/session/${id}/revert`, { messageID: third?.info.id, partID })
      await client.quiet()
      await contents(client, ['seed.txt'])
      await client.send('GET', '/vcs/diff?mode=git')
      await client.send('POST', `/session/${id}/revert`, { messageID: list[2]?.info.id })
      await client.quiet()
      await contents(client, ['seed.txt'])
      await client.send('GET', '/vcs/status')
      await turn(client, id, 'three')
      await messages(client, id)
      await client.send('GET', '/vcs/status')
      await client.send('GET', `/session/${id}`)
    },
  },
]
