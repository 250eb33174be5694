import { expect } from 'chai'
import { describe, it } from 'mocha'
import { on, reply, startImpostor, startScriptedModel, text } from '../src/index.js'
import { startOpencode } from '../src/opencode.js'

/** As JavaScript would call it; what it was refused with. */
async function refused(doorway: unknown, ...given: unknown[]): Promise<string> {
  try {
    await (doorway as (...args: unknown[]) => Promise<unknown>)(...given)
    return 'taken'
  } catch (error) {
    return String(error)
  }
}

describe('options of the testkit', () => {
  it('that do not exist are refused by name', async () => {
    const answer = reply(text('Hello.'))
    expect(await refused(startImpostor, answer, { listenerWait: 1 })).to.match(
      /^TypeError: `startImpostor` has no option "listenerWait"; it has .*`listenerWaitMs`/,
    )
    expect(await refused(startScriptedModel, answer, { titel: 'x' })).to.contain(
      '`startScriptedModel` has no option "titel"',
    )
    const model = 'http://127.0.0.1:1/v1'
    expect(await refused(startOpencode, { model, binery: '/bin/true' })).to.contain(
      '`startOpencode` has no option "binery"',
    )
    expect(await refused(startOpencode, {})).to.contain('`model` is missing')
    expect(await refused(startOpencode)).to.contain('takes an object of options')
  })

  it('that are no scenario are refused at once, and not when a prompt comes', async () => {
    const words = 'TypeError: A scenario is made of `reply('
    for (const scenario of [
      'Hello',
      null,
      {},
      ['Hello'],
      [reply(), undefined],
      on('a', 'b' as never),
    ]) {
      expect(await refused(startImpostor, scenario), JSON.stringify(scenario)).to.contain(words)
      expect(await refused(startScriptedModel, scenario)).to.contain(words)
    }
    const impostor = await startImpostor([])
    expect(() => impostor.answer('Hello' as never)).to.throw(TypeError, 'A scenario is made of')
    await impostor.close()
  })
})
