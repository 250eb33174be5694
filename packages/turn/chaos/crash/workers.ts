import type { Lab } from '../lab.js'
import { soon } from '../soon.js'
import { onStage, runAsJob, type Stage } from '../stage.js'
import { judge, leaseMs, watchElsewhere } from './aftermath.js'
import { type Deed, deedsAt, nameOf, type Points, taskOf } from './points.js'

/** How a worker is lost. */
export interface Death {
  readonly name: string
  readonly signal: 'SIGKILL' | 'SIGSTOP'
  /** Another worker takes the turn over while the process is stopped. */
  readonly isTakenOver: boolean
}

export const deaths: readonly Death[] = [
  { name: 'SIGKILL', signal: 'SIGKILL', isTakenOver: false },
  { name: 'SIGSTOP past the lease', signal: 'SIGSTOP', isTakenOver: false },
  { name: 'SIGSTOP, taken over', signal: 'SIGSTOP', isTakenOver: true },
]

const atOnce = 10

/**
 * A real worker process that dies, or stops for longer than its lease, at every call and event of every scene, while people watch
 * the turn in another process.
 */
export async function loseWorkers(lab: Lab, points: Points): Promise<void> {
  const deeds = deedsAt(lab, points, { kinds: () => deaths, share: { first: 1, later: 0.5 } })
  const trials = deeds.map((deed) => ({
    name: nameOf(lab, deed, deed.kind.name),
    attempt: () => onStage(lab.ground, deed.scene, (stage) => loseWorker(lab, stage, deed)),
  }))
  await lab.run('workers', trials, { atOnce })
}

/** One worker that is lost at one point. */
export async function loseWorker(lab: Lab, stage: Stage, deed: Deed<Death>): Promise<void> {
  const { crew, tally } = lab
  const { scene, point, kind: death } = deed
  const { signal, isTakenOver } = death
  const watching = watchElsewhere(stage, crew.web)
  const worker = await crew.take()
  let isAt = false
  let reach: () => void = () => undefined
  const isReached = new Promise<void>((resolve) => (reach = resolve))
  const running = worker.run(taskOf(stage, { ...point, signal }), () => {
    isAt = true
    reach()
  })
  await Promise.race([isReached, running])
  if (isAt && signal === 'SIGSTOP') {
    await sleep(1.5 * leaseMs * stage.slowness)
    const other = isTakenOver ? runAsJob(stage, { owner: 'the next worker' }) : null
    await sleep(100)
    worker.signal('SIGCONT')
    await other
  }
  const isLate = (await soon(running, 40_000)) === 'late'
  if (isLate) worker.signal('SIGKILL')
  if (isLate || (signal === 'SIGKILL' && isAt)) await worker.gone
  crew.give(worker)
  const where = nameOf(lab, deed, death.name)
  await judge(stage, tally, { where, running, isLate, watching, allowed: scene.allowed })
  if (isAt) tally.crashed()
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
