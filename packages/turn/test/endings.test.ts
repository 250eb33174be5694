import { finish, on, providerError, reply, type Step, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { endingOf, runTurn, type TurnEnding, turnEndings, type TurnOptions } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

interface Case {
  readonly steps: readonly Step[]
  readonly more?: Partial<TurnOptions>
}

const rejected = tool.bash({ command: 'rm -rf /', description: 'Removes' }, { ask: {} })

/** How each way in which the agent and its provider can end a turn is reached. */
const ways: Partial<Record<TurnEnding, Case>> = {
  answered: { steps: [text('Hello you.')] },
  tools_only: { steps: [tool.bash({ command: 'echo', description: 'Says' })] },
  empty: { steps: [], more: { recovery: { emptyReply: 'complete' } } },
  empty_reply: { steps: [] },
  length: { steps: [text('Half of'), finish('length')] },
  content_filtered: { steps: [text('Half of'), finish('content_filter')] },
  provider_refused: { steps: [providerError({ status: 401, message: 'bad key' })] },
  provider_limited: { steps: [providerError({ status: 402, message: 'no credit' })] },
  ask_rejected: { steps: [rejected] },
  budget_cost: {
    steps: [text('Costly.'), tool.bash({ command: 'echo', description: 'Says' }), text('More.')],
    more: { budgets: { cost: 0 } },
  },
}

describe('how a turn ends', () => {
  let rig: Rig
  beforeEach(async () => (rig = await openRig([])))
  afterEach(() => rig.close())

  for (const [ending, { steps, more }] of Object.entries(ways)) {
    it(`is \`${ending}\` in the result and in the row`, async () => {
      rig.impostor.answer(on('Hello', reply(...steps)))
      const turnId = await rig.rows.addMessage()
      const result = await runTurn(rig.options(turnId, 'Hello', more))
      const { status } = turnEndings[ending as TurnEnding]
      expect(result).to.include({ status, ending })
      const record = await rig.rows.store.read(turnId)
      expect(record === null ? null : endingOf(record)).to.equal(ending)
      const isPlain = ending === 'answered'
      expect(record?.reason ?? null).to.equal(isPlain ? null : ending)
    })
  }

  it('has words for the user where the answer does not speak for itself', () => {
    const silent = Object.entries(turnEndings).filter(([, { words }]) => words === '')
    expect(silent.map(([ending]) => ending)).to.deep.equal(['answered', 'structured'])
    const words = Object.values(turnEndings).map((each) => each.words)
    const said = words.filter((each) => each !== '')
    expect(new Set(said).size).to.equal(said.length - 1)
    for (const each of said) expect(each).to.match(/^[A-Z].*\.$/)
  })

  it('is read from rows of other versions by their status', () => {
    const row = { status: 'failed', error: { code: 'of_tomorrow', message: '' } } as const
    expect(endingOf(row)).to.equal('server_refused')
    expect(endingOf({ status: 'completed', error: null, reason: 'reply_not_stored' })).to.equal(
      'answered',
    )
    const raw = { turn_status: 'completed' } as never
    expect(() => endingOf(raw)).to.throw(TypeError, '`store.read`')
    expect(endingOf({ status: 'cancelled', error: null, reason: 'by the user' })).to.equal(
      'cancelled',
    )
    expect(endingOf({ status: 'running', error: null })).to.equal(null)
  })
})
