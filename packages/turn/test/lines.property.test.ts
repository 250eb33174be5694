import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { Lines } from '../src/worker/lines.js'

interface Item {
  readonly key: string
  readonly n: number
}

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({ do: fc.constantFrom('done' as const, 'park' as const), pick: fc.nat() }),
    fc.record({ do: fc.constant('unpark' as const), key: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({ do: fc.constant('remove' as const), pick: fc.nat(3) }),
  ),
  { maxLength: 200 },
)

describe('the lines of a worker', () => {
  it('keep the order of each conversation, run one of it at a time, and never too many or too few', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), steps, (concurrency, plan) => {
        const lines = new Lines<Item>(concurrency)
        const waiting = new Map<string, number[]>()
        const parked = new Set<string>()
        const running: Item[] = []
        let count = 0
        const queue = (key: string): number[] => {
          const known = waiting.get(key) ?? []
          waiting.set(key, known)
          return known
        }
        const startAll = (): void => {
          for (let item = lines.next(); item !== undefined; item = lines.next()) {
            expect(queue(item.key).shift()).to.equal(item.n)
            expect(running.map(({ key }) => key)).to.not.include(item.key)
            expect(parked).to.not.include(item.key)
            running.push(item)
          }
          const busy = new Set(running.map(({ key }) => key))
          const startable = [...waiting].filter(
            ([key, items]) => items.length > 0 && !busy.has(key) && !parked.has(key),
          )
          expect(running.length).to.be.at.most(concurrency)
          if (running.length < concurrency) expect(startable).to.deep.equal([])
        }
        for (const step of plan) {
          if (step.do === 'add') {
            count += 1
            queue(step.key).push(count)
            lines.add({ key: step.key, n: count })
          } else if (step.do === 'unpark') {
            parked.delete(step.key)
            lines.unpark(step.key)
          } else if (step.do === 'remove') {
            const removed = lines.remove(({ n }) => n % 4 === step.pick)
            for (const { key, n } of removed) {
              queue(key).splice(queue(key).indexOf(n), 1)
              // There is nothing left that was to wait.
              if (queue(key).length === 0) parked.delete(key)
            }
          } else {
            const [item] = running.splice(step.pick % Math.max(1, running.length), 1)
            if (item === undefined) continue
            lines.done(item)
            if (step.do === 'park') {
              queue(item.key).unshift(item.n)
              parked.add(item.key)
              lines.park(item)
            }
          }
          startAll()
          expect(lines.running).to.equal(running.length)
          expect(lines.waiting).to.equal([...waiting.values()].flat().length)
          expect([...lines.items()]).to.have.length(lines.waiting)
        }
      }),
    )
  })
})
