import { on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { runTurn, type TurnClient } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

type Item =
  ReturnType<TurnClient['events']['subscribe']> extends AsyncIterable<infer Each> ? Each : never

describe('a stream that is behind', () => {
  let rig: Rig
  let turnId: number

  beforeEach(async () => {
    rig = await openRig(on('Hello', reply(text('One. '), text('Two. '), text('Three.'))))
    turnId = await rig.rows.addMessage()
  })
  afterEach(() => rig.close())

  /** Lets one delta through, keeps the second until the first poll has seen the whole answer, and the rest forever. */
  function behind(client: TurnClient): TurnClient {
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    let close = (): void => undefined
    const closed = new Promise<void>((resolve) => (close = resolve))
    const isDelta = ({ type }: Item): boolean => type === 'message.part.delta'
    return {
      ...client,
      events: {
        ...client.events,
        subscribe(query) {
          const inner = client.events.subscribe(query)
          const items = async function* (): AsyncGenerator<Item, void> {
            let deltas = 0
            for await (const item of inner) {
              if (isDelta(item)) deltas += 1
              if (deltas === 2) await Promise.race([released, closed])
              if (deltas > 2) return await closed
              yield item
            }
          }
          const end = (): void => {
            close()
            inner.close()
          }
          return { ...inner, ready: inner.ready, close: end, [Symbol.asyncIterator]: items }
        },
      },
      message: {
        ...client.message,
        async newest(...args) {
          const page = await client.message.newest(...args)
          const last = page.messages.at(-1)?.info
          if (last?.role === 'assistant' && last.time.completed !== undefined) {
            release()
            await new Promise((resolve) => setImmediate(resolve))
          }
          return page
        },
      },
    }
  }

  it('does not make the stored reply shorter than what the server holds', async () => {
    const result = await runTurn(rig.options(turnId, 'Hello', { client: behind(rig.client) }))
    expect(result).to.have.nested.property('reply.text', 'One. Two. Three.')
    expect(await rig.rows.row(turnId)).to.include({ text: 'One. Two. Three.' })
  })
})
