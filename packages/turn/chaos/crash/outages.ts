import { startCuttingProxy } from '../../../session/test/support/cutting-proxy.js'
import { inParallel } from '../in-parallel.js'
import type { Address } from '../place.js'
import { soon } from '../soon.js'
import { openStage } from '../stage.js'
import { judge, watchElsewhere } from './aftermath.js'
import { chosenFrom, type Matrix, taskOf } from './points.js'

/** What is started again under a turn. */
type Outage = 'web process' | 'database' | 'notifier'

const awayMs = 250
const atOnce = 4

/** The web process, the database and the notifier go and come back at every call and event of a turn. */
export async function loseOthers(matrix: Matrix): Promise<void> {
  const { database, notifier } = matrix.ground.address
  const outages: Outage[] = ['web process']
  if (!database.startsWith('file:')) outages.push('database')
  if (notifier !== null) outages.push('notifier')
  await inParallel(chosenFrom(matrix, outages), atOnce, (one) => loseOther(matrix, one))
}

async function loseOther(
  matrix: Matrix,
  { scene, point, kind }: ReturnType<typeof chosenFrom<Outage>>[number],
): Promise<void> {
  const { ground, crew, tally } = matrix
  const stage = await openStage(ground, scene)
  const far = await throughProxies(ground.address)
  // Of its own: it ends with what it has seen.
  const web = kind === 'web process' ? await crew.startWeb() : crew.web
  const first = watchElsewhere(stage, web, far.address)
  const worker = await crew.take()
  let reached: string | null = null
  let broken: Promise<unknown> = Promise.resolve()
  const task = { ...taskOf(stage, { ...point, signal: null }), ...far.address }
  const running = worker.run(task, (name) => {
    reached = name
    if (kind === 'web process') web.signal('SIGKILL')
    else broken = far.lose(kind)
  })
  if ((await soon(running, 40_000)) === 'late') worker.signal('SIGKILL')
  await broken
  crew.give(worker)
  // Whoever watched opens the page again, by then in another process.
  const isWebGone = kind === 'web process' && reached !== null
  if (isWebGone) await web.gone
  const watching = isWebGone ? watchElsewhere(stage, crew.web) : first
  const call = `${point.when} ${reached ?? 'nothing'} (${point.at})`
  const where = `${ground.name}: ${scene.name}: ${kind} lost ${call}`
  await judge(stage, tally, { where, running, watching, allowed: scene.allowed })
  if (reached !== null) tally.crashed()
  if (kind === 'web process') web.signal('SIGKILL')
  await far.close()
  await stage.close()
}

/** The same rows and notices, over connections that can be cut. */
async function throughProxies({ database, notifier }: Address): Promise<{
  readonly address: Address
  lose(what: 'database' | 'notifier'): Promise<void>
  close(): Promise<void>
}> {
  const rows = database.startsWith('file:') ? null : await startCuttingProxy(database)
  const notices = notifier === null ? null : await startCuttingProxy(notifier)
  return {
    address: { database: rows?.url ?? database, notifier: notices?.url ?? null },
    async lose(what) {
      const proxy = what === 'database' ? rows : notices
      proxy?.refuse(true)
      proxy?.cut('reset')
      await new Promise((resolve) => setTimeout(resolve, awayMs))
      proxy?.refuse(false)
    },
    async close() {
      for (const proxy of [rows, notices]) {
        // Whoever comes back meanwhile would keep it open.
        proxy?.refuse(true)
        await proxy?.close()
      }
    },
  }
}
