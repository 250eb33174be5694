import { startCuttingProxy } from '../../../session/test/support/cutting-proxy.js'
import type { Lab } from '../lab.js'
import type { Address } from '../place.js'
import { soon } from '../soon.js'
import { onStage, type Stage } from '../stage.js'
import { judge, watchElsewhere } from './aftermath.js'
import { type Deed, deedsAt, nameOf, type Points, taskOf } from './points.js'

/** What is started again under a turn. */
type Outage = 'web process' | 'database' | 'notifier'

const awayMs = 250
const atOnce = 10

/** The web process, the database and the notifier go and come back at every call and event of a turn. */
export async function loseOthers(lab: Lab, points: Points): Promise<void> {
  const { database, notifier } = lab.ground.address
  const kinds: Outage[] = ['web process']
  if (!database.startsWith('file:')) kinds.push('database')
  if (notifier !== null) kinds.push('notifier')
  const trials = deedsAt(lab, points, { kinds: () => kinds, share: { first: 1, later: 0.5 } }).map(
    (deed) => ({
      name: nameOf(lab, deed, `${deed.kind} lost`),
      attempt: () => onStage(lab.ground, deed.scene, (stage) => loseOther(lab, stage, deed)),
    }),
  )
  await lab.run('outages', trials, { atOnce })
}

async function loseOther(lab: Lab, stage: Stage, deed: Deed<Outage>): Promise<void> {
  const { ground, crew, tally } = lab
  const { scene, point, kind } = deed
  const far = await throughProxies(ground.address)
  // Of its own: it ends with what it has seen.
  const web = kind === 'web process' ? await crew.startWeb() : crew.web
  let watching = watchElsewhere(stage, web, far.address)
  const worker = await crew.take()
  let isAt = false
  let broken: Promise<unknown> = Promise.resolve()
  const task = { ...taskOf(stage, { ...point, signal: null }), ...far.address }
  const running = worker.run(task, () => {
    isAt = true
    if (kind !== 'web process') {
      broken = far.lose(kind)
      return
    }
    web.signal('SIGKILL')
    // Whoever watched opens the page again, by then in another process, and answers there.
    watching = web.gone.then(() => watchElsewhere(stage, crew.web))
  })
  const isLate = (await soon(running, 40_000)) === 'late'
  if (isLate) worker.signal('SIGKILL')
  await broken
  crew.give(worker)
  const where = nameOf(lab, deed, `${kind} lost`)
  await judge(stage, tally, { where, running, isLate, watching, allowed: scene.allowed })
  if (isAt) tally.crashed()
  if (kind === 'web process') web.signal('SIGKILL')
  await far.close()
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
