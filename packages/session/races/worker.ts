/**
 * One worker process. It runs the verbs that its parent names, and kills itself where the parent wants it:
 *
 *   node … worker.ts '{"database":"file:…","upstream":"http://…","shiftMs":0,"name":"worker-1"}'
 */
import { createSessionStore } from '../src/index.js'
import { act, type Action } from './actions.js'
import { openKnex, shiftedClock, storeOptions } from './stage.js'
import { upstreamAt } from './upstream.js'

/** What a worker is started with. */
export interface WorkerTask {
  readonly database: string
  readonly upstream: string
  /** How far its clock is ahead. */
  readonly shiftMs: number
  readonly name: string
}

/** What a worker is told. */
export interface Order {
  readonly number: number
  readonly action: Action
  /** Kill yourself before this statement or request, counted from 1; one more than there are is after the last. */
  readonly killAt?: number
}

/** What a worker answers. */
export type Report =
  | { readonly number: number; readonly result: unknown; readonly steps: number }
  | { readonly number: number; readonly error: string }

const task = JSON.parse(process.argv[2] ?? '{}') as WorkerTask
const knex = openKnex(task.database)
let steps = 0
let killAt = Infinity
const step = (): void => {
  steps += 1
  if (steps === killAt) process.kill(process.pid, 'SIGKILL')
}
knex.on('query', step)
const store = createSessionStore({
  ...storeOptions,
  knex,
  clock: shiftedClock(task.shiftMs),
  instance: task.name,
})
const upstream = upstreamAt(task.upstream, step)

process.on('message', (order: Order) => {
  steps = 0
  killAt = order.killAt ?? Infinity
  act({ store, upstream, name: task.name }, order.action).then(
    (result) => {
      const { number } = order
      step()
      send({ number, result: result ?? null, steps: steps - 1 })
    },
    (error: unknown) => send({ number: order.number, error: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
await knex.raw('select 1')
steps = 0
send({ number: 0, result: 'ready', steps: 0 })

function send(report: Report): void {
  process.send?.(report)
}
