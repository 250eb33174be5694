import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { parkingContract, sessionStoreContract } from '../src/contract.js'
import { createSessionStore } from '../src/index.js'
import { brokenStores } from './support/broken-stores.js'
import type { BrokenStore } from './support/broken-store.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'
import { createShiftedClock } from './support/shifted-clock.js'

const contract = [...sessionStoreContract, ...parkingContract]

describe('sessionStoreContract', () => {
  const kind = databases.find(({ name }) => name === 'sqlite')
  if (kind === undefined) throw new Error('SQLite is always there')
  let rows: Rows
  before(async () => {
    rows = await openRows(kind)
  })
  after(() => rows.close())

  for (const broken of brokenStores) {
    it(`catches a store that ${broken.defect}`, async () => {
      const failures = await failuresOf(rows, broken)
      expect(failures).to.include.members([...broken.caughtBy])
    })
  }

  it('names every case once, as a statement', () => {
    const names = contract.map(({ name }) => name)
    expect(new Set(names).size).to.equal(names.length)
    for (const name of names) expect(name).not.to.match(/\bshould\b/)
  })

  it('is not accused of cases that do not exist', () => {
    const names = contract.map(({ name }) => name)
    expect(names).to.include.members(brokenStores.flatMap(({ caughtBy }) => [...caughtBy]))
  })
})

async function failuresOf(rows: Rows, broken: BrokenStore): Promise<string[]> {
  const failures: string[] = []
  for (const { name, run } of contract) {
    if (!broken.caughtBy.includes(name)) continue
    const clock = createShiftedClock()
    let life = 0
    const options = { knex: rows.knex, clock, createPollMs: 5, createWaitMs: 500 }
    const open = () => broken.breakStore(createSessionStore(options), rows.knex)
    const restarted = () => {
      life += 1
      const instance = `life ${life}`
      return broken.breakStore(createSessionStore({ ...options, instance }), rows.knex)
    }
    try {
      await run({
        ...rows,
        store: open(),
        another: open,
        restarted,
        advance: clock.advance,
        createMs: 30_000,
      })
    } catch {
      failures.push(name)
    } finally {
      await rows.clear()
    }
  }
  return failures
}
