// A process of its own in which so many followers of one turn each observe it and keep its text. It says when it follows, and
// at the end what that took and when the text came.
import { createSessionStore } from '@turnstead/session'
import { createPostgresNotifier } from '@turnstead/session/postgres-notifier'
import { createRedisNotifier } from '@turnstead/session/redis-notifier'
import createKnex from 'knex'
import { followTurn } from '../../src/live.js'
import type { FollowerReport, FollowerTask } from './follow.js'
import { cpuMicros, machineMs } from './measure.js'

const task = JSON.parse(process.argv[2] ?? '{}') as FollowerTask
const knex = createKnex({ client: 'pg', connection: task.databaseUrl })
const store = createSessionStore({ knex })
const { kind, connection } = task.notifier
const notifier =
  kind === 'pg' ? createPostgresNotifier({ connection }) : createRedisNotifier({ connection })

const arrivals: FollowerReport['arrivals'] = []
const followed = await Promise.all(
  Array.from({ length: task.followers }, async (_, index) => {
    const turn = await followTurn({ store, notifier, turnId: task.turnId })
    if (turn === null) throw new Error(`there is no turn ${task.turnId}`)
    const kept = { text: '' }
    turn.observe({
      partAdded: ({ part }) => {
        if (part.kind === 'text') kept.text += part.text
      },
      textDelta: ({ delta, length }) => {
        kept.text += delta
        // What it had from the start counts, too.
        if (index === 0) arrivals.push({ length, at: machineMs() })
      },
    })
    return { turn, kept }
  }),
)
// The notifier listens by now; followers ask for the state first.
await notifier.notify('warm', 'up')
globalThis.gc?.()
process.send?.('following')
const before = cpuMicros()
const [first] = followed
await first?.turn.ended
const cpu = cpuMicros() - before
const length = first?.kept.text.length ?? 0
if (length === 0 || followed.some(({ kept }) => kept.text.length !== length)) {
  throw new Error('a follower missed some of the text')
}
for (const { turn } of followed) turn.close()
await notifier.close()
await knex.destroy()
process.send?.({ cpu, arrivals } satisfies FollowerReport, () => process.disconnect())
