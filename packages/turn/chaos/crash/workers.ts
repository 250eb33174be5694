import { inParallel } from '../in-parallel.js'
import type { Point } from '../processes/worker.js'
import type { Scene } from '../scenes.js'
import { soon } from '../soon.js'
import { openStage, runAsJob, type Stage } from '../stage.js'
import { judge, watchElsewhere } from './aftermath.js'
import { chosenFrom, leaseMs, type Matrix, taskOf } from './points.js'

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

const atOnce = 4

/**
 * A real worker process that dies, or stops for longer than its lease, at every call and event of every scene, while people watch
 * the turn in another process.
 */
export async function loseWorkers(matrix: Matrix): Promise<void> {
  await inParallel(chosenFrom(matrix, deaths), atOnce, async ({ scene, point, kind }) => {
    const stage = await openStage(matrix.ground, scene)
    await loseWorker(matrix, stage, { scene, point, death: kind })
    await stage.close()
  })
}

/** One worker that is lost at one point. */
export async function loseWorker(
  { ground, crew, tally }: Matrix,
  stage: Stage,
  { scene, point, death }: { readonly scene: Scene; readonly point: Point; readonly death: Death },
): Promise<void> {
  const { signal, isTakenOver } = death
  const watching = watchElsewhere(stage, crew.web)
  const worker = await crew.take()
  let reached: string | null = null
  let reach: () => void = () => undefined
  const isReached = new Promise<void>((resolve) => (reach = resolve))
  const running = worker.run(taskOf(stage, { ...point, signal }), (name) => {
    reached = name
    reach()
  })
  await Promise.race([isReached, running])
  if (reached !== null && signal === 'SIGSTOP') {
    await sleep(1.5 * leaseMs)
    const other = isTakenOver ? runAsJob(stage, { owner: 'the next worker' }) : null
    await sleep(100)
    worker.signal('SIGCONT')
    await other
  }
  const isLate = (await soon(running, 40_000)) === 'late'
  if (isLate) worker.signal('SIGKILL')
  if (isLate || (signal === 'SIGKILL' && reached !== null)) await worker.gone
  crew.give(worker)
  const call = `${point.when} ${reached ?? 'nothing'} (${point.at})`
  const where = `${ground.name}: ${scene.name}: ${death.name} ${call}`
  await judge(stage, tally, { where, running, watching, allowed: scene.allowed })
  if (reached !== null) tally.crashed()
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
