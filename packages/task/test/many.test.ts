import { getEventListeners } from 'node:events'
import { reply, startLeakCheck, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { opencodeTask } from '../src/index.js'
import { execute, lastOf, openRig } from './support/rig.js'

describe('a hundred calls in one process', function () {
  this.timeout(60_000)

  it('run side by side in sessions of their own, and leave nothing behind', async () => {
    const leaks = startLeakCheck({ ignore: ['Timeout'] })
    const rig = await openRig(
      reply(tool.write({ filePath: 'a.txt', content: 'a' }), text('It is done.')),
    )
    const task = opencodeTask({ client: rig.client })
    const outer = new AbortController()
    const outputs = await Promise.all(
      Array.from({ length: 100 }, async (_, index) =>
        lastOf(
          execute(
            task,
            { prompt: `Task ${index}` },
            { toolCallId: `call-${index}`, abortSignal: outer.signal },
          ),
        ),
      ),
    )
    expect(new Set(outputs.map(({ sessionId }) => sessionId)).size).to.equal(100)
    for (const [index, output] of outputs.entries()) {
      expect(output).to.include({ status: 'complete', summary: 'It is done.' })
      expect(output.messages[0]?.parts[0]).to.include({ text: `Task ${index}` })
    }
    expect(await rig.userMessages()).to.equal(100)
    expect(rig.impostor.streams.count).to.be.at.most(1)
    await rig[Symbol.asyncDispose]()
    expect(getEventListeners(outer.signal, 'abort')).to.deep.equal([])
    await leaks.assertClean()
  })
})
