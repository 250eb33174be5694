import { fault, gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

describe('a turn in a long conversation', () => {
  let rig: Rig

  beforeEach(async () => {
    rig = await openRig([on('First', reply(text('First.')))])
    const turnId = await rig.rows.addMessage()
    await runTurn(rig.options(turnId, 'First'))
    const sessionId = (await rig.rows.store.read(turnId))?.prompt?.sessionId ?? ''
    for (let count = 0; count < 40; count += 1) {
      const parts = [{ type: 'text' as const, text: `Note ${count}` }]
      await rig.client.session.promptAsync(sessionId, { parts, noReply: true })
    }
  })
  afterEach(() => rig.close())

  it('reads no more of it than its own messages, however many those are', async () => {
    const steps = Array.from({ length: 40 }, (_, index) => [
      text(`${index}. `),
      tool.write({ filePath: `${index}.txt`, content: 'x' }),
    ])
    rig.impostor.answer(on('Hello', reply(...steps.flat(), text('End.'))))
    rig.impostor.fail('GET /event', fault.silence(1), { times: 20 })
    const turnId = await rig.rows.addMessage()
    const result = await runTurn(rig.options(turnId, 'Hello'))
    expect(result.status).to.equal('completed')
    const { text: said } = await rig.rows.row(turnId)
    expect(said)
      .to.match(/^0\. /)
      .and.match(/39\. \s*End\.$/)
    const lists = rig.impostor.journal.entries.filter(
      ({ method, path }) => method === 'GET' && /^\/session\/[^/]+\/message$/.test(path),
    )
    expect(lists).to.not.deep.equal([])
    for (const { query } of lists) expect(Number(query['limit'])).to.be.within(1, 64)
  })

  it('reads its own prompt, which may have large files, once', async () => {
    rig.impostor.answer(on('Hello', reply(text('One. '), gate('more'), text('Two.'))))
    const turnId = await rig.rows.addMessage()
    const before = rig.impostor.journal.entries.length
    const running = runTurn(rig.options(turnId, 'Hello'))
    await rig.impostor.gate('more').reached()
    for (let polls = 0; polls < 3; polls += 1) await rig.impostor.next('GET /session/*/message')
    rig.impostor.gate('more').open()
    expect((await running).status).to.equal('completed')
    const reachingBack = rig.impostor.journal.entries
      .slice(before)
      .filter(({ path, query }) => path.endsWith('/message') && Number(query['limit']) > 1)
    expect(reachingBack).to.have.length(1)
  })

  it('sees that its prompt never arrived without reading all of it', async () => {
    rig.impostor.answer(on('Hello', reply(text('Hello you.'))))
    rig.impostor.fail('POST /session/*/prompt_async', fault.reset())
    const turnId = await rig.rows.addMessage()
    const result = await runTurn(rig.options(turnId, 'Hello'))
    expect(result.status).to.equal('completed')
    expect(await rig.rows.row(turnId)).to.include({ text: 'Hello you.' })
  })
})
