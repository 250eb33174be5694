import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createHeartbeats, silentAfterMs } from '../src/live/heartbeats.js'

const leaseMs = 10_000
const limitMs = silentAfterMs(leaseMs)

/** Leases that end when the test says, on a clock of its own. */
function stage() {
  const ends = new Map<number, number | null>()
  const asked: (readonly number[])[] = []
  const errors: unknown[] = []
  let now = 1_000
  let look: (() => void) | null = null
  let database: 'up' | 'refuses' | 'hangs' = 'up'
  const heartbeats = createHeartbeats({
    leaseMs,
    read: async (ids) => {
      asked.push(ids)
      if (database === 'refuses') throw new Error('no database')
      if (database === 'hangs') await new Promise(() => undefined)
      return ids.map((id) => ({ id, expiresAt: ends.get(id) ?? null }))
    },
    onError: (error) => errors.push(error),
    now: () => now,
    tick: (next) => {
      look = next
      return () => (look = null)
    },
  })
  /** As the clock does it: a look every quarter of a second. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left >= 0; left -= 250) {
      now += Math.min(left, 250)
      look?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const isTicking = (): boolean => look !== null
  const set = (state: typeof database): void => void (database = state)
  return { heartbeats, ends, asked, errors, pass, isTicking, set }
}

describe('createHeartbeats', () => {
  it('says when a lease is renewed no more, and when it is again', async () => {
    const { heartbeats, ends, pass } = stage()
    let changes = 0
    ends.set(1, 100)
    const heartbeat = heartbeats.watch(1, () => (changes += 1))
    await pass(0)
    for (let end = 200; end < 500; end += 100) {
      ends.set(1, end)
      await pass(1_000)
      expect(heartbeat.isSilent()).to.equal(false)
    }
    expect(changes, 'as long as that is no silence').to.equal(0)
    await pass(limitMs)
    expect([changes, heartbeat.isSilent()]).to.deep.equal([1, true])
    await pass(1_000)
    expect(changes, 'told once').to.equal(1)
    ends.set(1, 900)
    await pass(250)
    expect([changes, heartbeat.isSilent()]).to.deep.equal([2, false])
  })

  it('misses no sign of life that is due, whatever the lease, and a killed worker within two seconds', () => {
    for (const lease of [1_000, 3_000, 10_000, 30_000, 300_000]) {
      const renewMs = Math.min(lease / 10, 1_500)
      expect(silentAfterMs(lease), String(lease)).to.be.at.least(renewMs + 400)
    }
    // Seen a quarter of a second late, and looked at after another one.
    expect(silentAfterMs(leaseMs) + 500).to.be.below(2_000)
  })

  it('hears it of others, too: what is written is a sign of life', async () => {
    const { heartbeats, ends, pass } = stage()
    let changes = 0
    ends.set(1, 100)
    const heartbeat = heartbeats.watch(1, () => (changes += 1))
    await pass(0)
    await pass(limitMs + 250)
    expect([changes, heartbeat.isSilent()]).to.deep.equal([1, true])
    heartbeat.heard()
    expect([changes, heartbeat.isSilent()]).to.deep.equal([2, false])
  })

  it('takes a lease that was given back for silence, whatever the clocks of the machines say', async () => {
    const { heartbeats, ends, pass } = stage()
    ends.set(1, Number.MAX_SAFE_INTEGER)
    const heartbeat = heartbeats.watch(1, () => undefined)
    await pass(0)
    ends.set(1, null)
    await pass(100)
    expect(heartbeat.isSilent()).to.equal(false)
    await pass(limitMs + 250)
    expect(heartbeat.isSilent()).to.equal(true)
  })

  it('asks once for all, and nothing while no one watches', async () => {
    const { heartbeats, asked, pass, isTicking } = stage()
    const all = [1, 2, 2, 3].map((id) => heartbeats.watch(id, () => undefined))
    await pass(0)
    expect(asked).to.deep.equal([[1, 2, 3]])
    for (const each of all) each.stop()
    expect(isTicking()).to.equal(false)
  })

  for (const state of ['refuses', 'hangs'] as const) {
    it(`blames no worker for a database that ${state}, but says that it is away, and when it is back`, async () => {
      const { heartbeats, ends, errors, pass, set } = stage()
      let changes = 0
      ends.set(1, 100)
      const heartbeat = heartbeats.watch(1, () => (changes += 1))
      await pass(0)
      set(state)
      await pass(1_000)
      expect(heartbeat.isDatabaseAway(), 'one answer that is late').to.equal(false)
      await pass(750)
      expect([changes, heartbeat.isDatabaseAway()]).to.deep.equal([1, true])
      await pass(60_000)
      expect([changes, heartbeat.isSilent()]).to.deep.equal([1, false])
      set('up')
      for (let end = 200; end < 800; end += 100) {
        ends.set(1, end)
        await pass(1_000)
      }
      expect([changes, heartbeat.isDatabaseAway(), heartbeat.isSilent()]).to.deep.equal([
        2,
        false,
        false,
      ])
      expect(errors.length > 0).to.equal(state === 'refuses')
    })
  }
})
