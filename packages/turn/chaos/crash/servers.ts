import { inParallel } from '../in-parallel.js'
import { runTurn, type TurnOptions } from '../../src/index.js'
import type { Point } from '../processes/worker.js'
import type { Allowed, Scene } from '../scenes.js'
import { soon } from '../soon.js'
import { openStage, type Stage } from '../stage.js'
import { watchPorts } from '../watched-ports.js'
import { judge, watchElsewhere } from './aftermath.js'
import { chosenFrom, type Matrix } from './points.js'

/** What the host says of a server that loses a run. */
type Recovery = Required<Pick<NonNullable<TurnOptions['recovery']>, 'onServerLost' | 'onAskLost'>>

export const policies: readonly Recovery[] = [
  { onServerLost: 'rerun', onAskLost: 'rerun' },
  { onServerLost: 'rerun', onAskLost: 'fail' },
  { onServerLost: 'fail', onAskLost: 'fail' },
]

const atOnce = 4

/** The server is killed and started again at every call and event of a turn, with each policy. */
export async function loseServers(matrix: Matrix): Promise<void> {
  await inParallel(chosenFrom(matrix, policies), atOnce, async ({ scene, point, kind }) => {
    const stage = await openStage(matrix.ground, scene)
    await loseServer(matrix, stage, { scene, point, recovery: kind })
    await stage.close()
  })
}

export async function loseServer(
  { ground, crew, tally }: Matrix,
  stage: Stage,
  {
    scene,
    point,
    recovery,
  }: { readonly scene: Scene; readonly point: Point; readonly recovery: Recovery },
): Promise<void> {
  const watching = watchElsewhere(stage, crew.web, { mayTakeBack: true })
  let reached: string | null = null
  let restarting: Promise<void> = Promise.resolve()
  const ports = watchPorts(stage, ({ name, number, when }) => {
    if (number !== point.at || when !== point.when) return
    reached = name
    restarting = stage.upstream.restart()
  })
  const leave = new AbortController()
  const options = stage.options({
    ...ports,
    recovery,
    ...(scene.isHandedOver
      ? {
          signal: leave.signal,
          onReply: (reply) => void reply.observe({ textDelta: () => leave.abort() }),
        }
      : {}),
  })
  const running = runTurn(options).catch((error: unknown) =>
    stage.reports.push(`run: ${String(error)}`),
  )
  await soon(running, 40_000)
  await restarting
  const call = `${point.when} ${reached ?? 'nothing'} (${point.at})`
  const policy = `${recovery.onServerLost}, asks ${recovery.onAskLost}`
  const where = `${ground.name}: ${scene.name}: server killed ${call}, ${policy}`
  const isRerun = recovery.onServerLost === 'rerun'
  await judge(stage, tally, {
    where,
    running,
    watching,
    allowed: allowedBy(scene, recovery),
    moreRuns: isRerun && reached !== null ? 1 : 0,
    more: { recovery },
  })
  if (reached !== null) tally.crashed()
}

/** A run that is lost may end the turn where the host says so. */
function allowedBy({ allowed, person }: Scene, { onServerLost, onAskLost }: Recovery): Allowed {
  const mayFail = onServerLost === 'fail' || (person === 'answers' && onAskLost === 'fail')
  return mayFail ? new Set([...allowed, 'failed']) : allowed
}
