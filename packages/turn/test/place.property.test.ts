import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import {
  createMemoryHistory,
  createMemoryStore,
  drainServer,
  type TurnStore,
} from '../src/index.js'
import { resolveOptions } from '../src/options.js'
import { chooseServer, type ServerFacts } from '../src/place/choose-server.js'
import { placeTurn } from '../src/place/place-turn.js'
import type { ServerState } from '../src/ports/servers.js'

const names = ['a', 'b', 'c']
const state = fc.constantFrom<ServerState>('active', 'draining', 'retired')

const facts = fc.record({
  conversationId: fc.string(),
  home: fc.option(fc.constantFrom(...names, 'd'), { nil: null }),
  names: fc.subarray(names, { minLength: 1 }),
  states: fc
    .dictionary(fc.constantFrom(...names, 'd'), state)
    .map((all) => new Map(Object.entries(all))),
  loads: fc.array(fc.record({ name: fc.constantFrom(...names), busy: fc.nat(3) }), {
    maxLength: 3,
  }),
  isUnderWay: fc.boolean(),
  mayMove: fc.boolean(),
  onElsewhere: fc.constantFrom('leave' as const, 'move' as const),
})

const stateOf = ({ states }: ServerFacts, name: string): ServerState => states.get(name) ?? 'active'

describe('chooseServer', () => {
  const holds = (law: (facts: ServerFacts, chosen: string | null) => void): void =>
    fc.assert(
      fc.property(facts, (each) => law(each, chooseServer(each))),
      { numRuns: 2_000 },
    )

  it('gives a server that this process reaches, and never one that is retired', () => {
    holds((each, chosen) => {
      if (chosen === null) return
      expect(each.names).to.include(chosen)
      expect(stateOf(each, chosen)).not.to.equal('retired')
    })
  })

  it('moves to none that takes no more', () => {
    holds((each, chosen) => {
      if (chosen !== null && chosen !== each.home) expect(stateOf(each, chosen)).to.equal('active')
    })
  })

  it('keeps what is under way where it runs, unless that is given up', () => {
    holds((each, chosen) => {
      const { home, isUnderWay } = each
      if (home === null || !isUnderWay || stateOf(each, home) === 'retired') return
      expect(chosen).to.equal(each.names.includes(home) ? home : null)
    })
  })

  it('begins nothing where none is taken', () => {
    holds((each, chosen) => {
      if (chosen !== null && !each.isUnderWay) {
        expect(stateOf(each, chosen)).to.equal('active')
      }
    })
  })

  it('is at home where home takes more', () => {
    holds((each, chosen) => {
      const { home } = each
      if (home === null || !each.names.includes(home) || stateOf(each, home) !== 'active') return
      expect(chosen).to.equal(home)
    })
  })

  it('gives a new conversation to none that is busier than another', () => {
    holds((each, chosen) => {
      if (each.home !== null || chosen === null) return
      const busy = (name: string): number =>
        each.loads.find((load) => load.name === name)?.busy ?? 0
      const active = each.names.filter((name) => stateOf(each, name) === 'active')
      expect(busy(chosen)).to.equal(Math.min(...active.map(busy)))
    })
  })
})

describe('drainServer', () => {
  it('is through no sooner than the server is empty, and nothing begins on it afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom('a', 'b', null), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(names, ['a']),
        fc.boolean(),
        async (scheduler, homes, reached, hasHistory) => {
          const clock = { now: () => 1, sleep: () => scheduler.schedule(Promise.resolve()) }
          const store = createMemoryStore({ clock })
          await store.markServer?.({ name: 'a', state: 'active' })
          const slow = slowed(store, scheduler)
          const running = new Set<string>()
          let isDrained = false
          const late: string[] = []
          const converse = async (id: string, home: string | null): Promise<void> => {
            store.addTurn({ conversationId: id, turnId: id })
            const claim = await store.claim({
              conversationId: id,
              turnId: id,
              owner: id,
              leaseMs: 1_000,
            })
            if (!claim.claimed) throw new Error('it was free')
            if (home !== null) await store.placeConversation?.(claim.lease, { server: home })
            const setup = resolveOptions({
              client: reached.map((name) => ({ name, client: {} as never })),
              store: slow,
              ...(hasHistory ? { history: createMemoryHistory() } : {}),
              clock,
              conversationId: id,
              turnId: id,
            })
            const placed = await placeTurn(setup, { lease: claim.lease, home, isUnderWay: false })
            if (!('status' in placed) && placed.serverName === 'a') {
              running.add(id)
              if (isDrained) late.push(id)
              await scheduler.schedule(Promise.resolve())
              running.delete(id)
            }
            await store.cancel({ turnId: id })
            await store.release(claim.lease)
          }
          const all = homes.map((home, index) => converse(`c${index}`, home))
          const draining = drainServer({ store: slow as never, server: 'a', clock }).then(() => {
            isDrained = true
            expect([...running]).to.deep.equal([])
          })
          await scheduler.waitFor(Promise.all([...all, draining]))
          expect(late).to.deep.equal([])
        },
      ),
      { numRuns: 300 },
    )
  })
})

/** What rows say comes in any order. */
function slowed(store: TurnStore, scheduler: fc.Scheduler): TurnStore {
  const verbs = ['placeConversation', 'markedServers', 'serverLoads', 'markServer'] as const
  const entries = verbs.map((name) => {
    const verb = store[name] as (...args: unknown[]) => Promise<unknown>
    const later = async (...args: unknown[]): Promise<unknown> => {
      await scheduler.schedule(Promise.resolve())
      const answer = await verb(...args)
      await scheduler.schedule(Promise.resolve())
      return answer
    }
    return [name, later]
  })
  return { ...store, ...(Object.fromEntries(entries) as Partial<TurnStore>) }
}
