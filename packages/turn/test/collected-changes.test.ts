import { on, reply, text, tool } from '@turnstead/testkit'
import { runTurn } from '@turnstead/turn'
import { expect } from 'chai'
import { describe, it } from 'mocha'

import { openRig } from './support/rig.js'

interface Request {
  readonly tools: readonly unknown[]
  readonly changes?: readonly string[]
}

describe('the collector', () => {
  for (const [where, git, changes] of [
    ['in a git repository', true, ['/workspace/a.txt', '/workspace/b.txt']],
    ['elsewhere, where the server does not say it', false, undefined],
  ] as const) {
    it(`is told what the server saw change, ${where}`, async () => {
      const rig = await openRig([], { git })
      try {
        const write = (filePath: string) => tool.write({ filePath, content: 'x' })
        const steps = [write('a.txt'), text('More.'), write('a.txt'), write('b.txt'), text('Done.')]
        rig.impostor.answer(on('Hello', reply(...steps)))
        const requests: Request[] = []
        const artifacts = { collect: async (request: Request) => void requests.push(request) }
        await runTurn(rig.options(await rig.rows.addMessage(), 'Hello', { artifacts }))
        expect(requests.map((each) => [each.tools.length, each.changes])).to.deep.equal([
          [3, changes],
        ])
      } finally {
        await rig.close()
      }
    })
  }
})
