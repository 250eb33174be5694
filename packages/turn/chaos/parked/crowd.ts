import { reply, startImpostor, text, tool } from '@turnstead/testkit'
import { createClient } from '@turnstead/wire'
import type { Knex } from 'knex'
import { type Clock, runTurn, type TurnResult, waitForPerson } from '../../src/index.js'
import type { Lab } from '../lab.js'
import { openStore } from '../place.js'

/** What turns still hold, each counted. */
export interface Held {
  readonly timers: number
  readonly promises: number
  readonly leases: number
  readonly connections: number
}

/** Turns that wait for a person, ever more of them. */
export interface Crowd {
  /** Lets so many more wait. */
  park(count: number): Promise<void>
  readonly size: number
  /** What is held when all of them wait. */
  held(): Promise<Held>
  close(): Promise<void>
}

const atOnce = 50

export async function openCrowd({ ground }: Lab): Promise<Crowd> {
  const impostor = await startImpostor(() =>
    reply(text('I write. '), tool.write({ filePath: 'a.txt', content: 'a' }), text('Done.')),
  )
  const place = await ground.tables.take()
  const { knex } = ground.database
  const client = createClient({ baseUrl: impostor.url })
  const counting = countingClock()
  const pending = { calls: 0 }
  const store = counted(openStore(knex, place, null), pending)
  let size = 0

  const parkOne = async (id: number): Promise<void> => {
    await knex(place.conversations).insert({ id })
    await knex(place.messages).insert({ id, conversation_id: id, turn_status: 'pending' })
    const result = await asJob(
      async () =>
        await runTurn({
          client,
          store,
          conversationId: id,
          turnId: id,
          prompt: { text: `Write ${id}` },
          asks: waitForPerson,
          session: { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] },
          clock: counting.clock,
          timing: { parkAfterMs: 20 },
          budgets: { askMs: Infinity },
        }),
    )
    const isParked = result.status === 'skipped' && result.reason === 'waiting'
    if (!isParked) throw new Error(`turn ${id} is ${result.status}`)
  }
  const park = async (count: number): Promise<void> => {
    let left = count
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        size += 1
        await parkOne(size)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }
  const count = async (query: Knex.QueryBuilder): Promise<number> => {
    const [row] = (await query.count({ count: '*' })) as [{ readonly count: number | string }]
    return Number(row.count)
  }

  // The pools are as large then as they become.
  await park(atOnce * 2)
  await settled()
  const before = openResources()
  return {
    park,
    get size() {
      return size
    },
    async held() {
      await settled()
      const after = openResources()
      const waiting = await count(knex(place.messages).where({ turn_status: 'waiting' }))
      if (waiting !== size) throw new Error(`${waiting} of ${size} turns wait`)
      return {
        timers: counting.pending() + Math.max(0, after.timers - before.timers),
        promises: pending.calls,
        leases: await count(knex(place.conversations).whereNotNull('turn_owner')),
        connections: Math.max(0, after.sockets - before.sockets),
      }
    },
    async close() {
      await client.close()
      await impostor.close()
      await ground.tables.give(place)
    },
  }
}

/** A queue brings a job again whose store was out of reach, as one of a busy machine is at times. */
async function asJob(run: () => Promise<TurnResult>): Promise<TurnResult> {
  for (let tries = 1; ; tries += 1) {
    try {
      const result = await run()
      if (result.status !== 'skipped' || !result.mustRunAgain || tries === 20) return result
    } catch (error) {
      if (tries === 20) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
}

/** Connections that are kept for the next request go by themselves, those of the client after four seconds. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 6_000))
}

function openResources(): { readonly timers: number; readonly sockets: number } {
  const names = process.getActiveResourcesInfo()
  const count = (name: string): number => names.filter((each) => each === name).length
  return { timers: count('Timeout'), sockets: count('TCPSocketWrap') }
}

/** The machine's clock, which knows how many wait by it. */
function countingClock(): { readonly clock: Clock; readonly pending: () => number } {
  let pending = 0
  return {
    pending: () => pending,
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      async sleep(ms, { signal } = {}) {
        pending += 1
        try {
          await new Promise<void>((resolve, reject) => {
            const abort = (): void => {
              clearTimeout(timer)
              reject(signal?.reason)
            }
            const timer = setTimeout(
              () => {
                signal?.removeEventListener('abort', abort)
                resolve()
              },
              Math.min(ms, 2 ** 31 - 1),
            )
            if (signal?.aborted === true) abort()
            else signal?.addEventListener('abort', abort, { once: true })
          })
        } finally {
          pending -= 1
        }
      },
    },
  }
}

/** Counts the calls that were not answered. */
function counted<T extends object>(target: T, pending: { calls: number }): T {
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key)
      if (typeof value !== 'function' || key === 'watch') return value
      return async (...args: unknown[]): Promise<unknown> => {
        pending.calls += 1
        try {
          return await value.apply(object, args)
        } finally {
          pending.calls -= 1
        }
      }
    },
  })
}
