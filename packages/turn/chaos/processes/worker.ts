/**
 * A worker process. Its parent names turns, and at which call of one it ends or stops:
 *
 *   stdin  {"number":1,"task":{"death":{"name":"store.claim","count":1,"when":"before","signal":"SIGKILL"},…}}
 *   stdout {"number":1,"type":"reached"} … {"number":1,"type":"done","status":"completed",…}
 */
import { createClient } from '@turnstead/wire'
import type { Reply } from '@turnstead/reply'
import { type Prompt, runTurn, type TurnResult } from '../../src/index.js'
import { type Address, openKnex, openNotifier, openStore, type Place } from '../place.js'
import { type Order, say, serveOrders } from './process.js'
import { policyOf, sceneOf } from '../scenes.js'
import { isSame, type Point, watchPorts } from '../watched-ports.js'

/** The turn of a worker, and what happens to it. */
export interface WorkerTask extends Address {
  readonly server: ServerAddress
  readonly place: Place
  readonly scene: string
  readonly prompt: Prompt
  readonly conversationId: number
  readonly turnId: number
  readonly leaseMs: number
  /** How much longer than on a calm machine its times are. */
  readonly slowness: number
  /** Without a signal it only says that it is there. */
  readonly death: (Point & { readonly signal: 'SIGKILL' | 'SIGSTOP' | null }) | null
}

/** Where OpenCode is. */
export interface ServerAddress {
  readonly baseUrl: string
  readonly username?: string
  readonly password?: string
  readonly directory?: string
}

/** What a worker says of its turn. */
export interface WorkerResult {
  readonly status: TurnResult['status'] | 'rejected'
  readonly reason: string
  /** What it called, in order. */
  readonly calls: readonly string[]
}

async function work(task: WorkerTask, { number }: Order): Promise<WorkerResult> {
  const { death, slowness } = task
  const scene = sceneOf(task.scene)
  const knex = openKnex(task.database)
  const notifier = openNotifier(task.notifier)
  const client = createClient({ ...task.server, reconnect: { firstDelayMs: 5, maxDelayMs: 20 } })
  const leave = new AbortController()
  const calls: string[] = []
  const ports = watchPorts({ client, store: openStore(knex, task.place, notifier) }, (call) => {
    if (call.when === 'before') calls.push(call.name)
    if (death === null || !isSame(call, death)) return
    // At once: after the signal nothing is written any more.
    say({ number, type: 'reached' })
    if (death.signal !== null) process.kill(process.pid, death.signal)
  })
  const leaveAtText = (reply: Reply): void => {
    const stop = reply.observe({
      textDelta() {
        stop()
        leave.abort()
      },
    })
  }
  try {
    const result = await runTurn({
      ...ports,
      ...(notifier === null ? {} : { notifier }),
      conversationId: task.conversationId,
      turnId: task.turnId,
      prompt: task.prompt,
      owner: `worker-${process.pid}`,
      asks: policyOf(scene),
      timing: { leaseMs: task.leaseMs, pollMs: 40, graceMs: 120 * slowness, snapshotMs: 50 },
      budgets: {
        requestMs: 1_000 * slowness,
        stopMs: 2_000 * slowness,
        unreachableMs: 10_000 * slowness,
      },
      ...(scene.isHandedOver ? { signal: leave.signal, onReply: leaveAtText } : {}),
    })
    const reason = result.status === 'skipped' ? result.reason : result.ending
    return { status: result.status, reason, calls }
  } catch (error) {
    return { status: 'rejected', reason: String(error), calls }
  } finally {
    await client.close()
    await notifier?.close()
    await knex.destroy()
  }
}

await serveOrders<WorkerTask>(work)
