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

  it('has what it makes of its report kept in the row, and costs nothing when it makes nothing', async () => {
    const rig = await openRig([])
    try {
      const summaries = [
        (report: { readonly count: number }): unknown => ({ left: report.count }),
        (): unknown => {
          throw new Error('no summary')
        },
        (): unknown => 1n,
        undefined,
      ]
      const errors: string[] = []
      for (const [index, summarize] of summaries.entries()) {
        const prompt = `Hello ${index}`
        const write = tool.write({ filePath: 'a.txt', content: prompt })
        rig.impostor.answer(on(prompt, reply(write, text('Done.'))))
        const turnId = await rig.rows.addMessage()
        const artifacts = {
          collect: async () => ({ count: 2 }),
          ...(summarize === undefined ? {} : { summarize }),
        }
        const onError = (error: unknown): void => void errors.push(String(error))
        const result = await runTurn(rig.options(turnId, prompt, { artifacts, onError }))
        expect(result.status).to.equal('completed')
        const row = await rig.rows.store.read(turnId)
        expect(row?.files ?? null).to.deep.equal(index === 0 ? { left: 2 } : null)
        expect(row?.closedAt).to.be.a('number')
      }
      expect(errors.map((error) => error.slice(0, 17))).to.deep.equal([
        'Error: no summary',
        'TypeError: Do not',
      ])
    } finally {
      await rig.close()
    }
  })
})
