import { runTurn, type TurnOptions } from '../../src/index.js'
import type { Lab } from '../lab.js'
import type { Allowed, Scene } from '../scenes.js'
import { soon } from '../soon.js'
import { onStage, type Stage } from '../stage.js'
import { isSame, watchPorts } from '../watched-ports.js'
import { judge, watchElsewhere } from './aftermath.js'
import { type Deed, deedsAt, nameOf, type Points } from './points.js'

/** What the host says of a server that loses a run. */
type Recovery = Required<Pick<NonNullable<TurnOptions['recovery']>, 'onServerLost' | 'onAskLost'>>

const policies: readonly Recovery[] = [
  { onServerLost: 'rerun', onAskLost: 'fail' },
  { onServerLost: 'fail', onAskLost: 'fail' },
]
const whereAsked: readonly Recovery[] = [...policies, { onServerLost: 'rerun', onAskLost: 'rerun' }]
const policiesFor = ({ person }: Scene): readonly Recovery[] =>
  person === 'answers' ? whereAsked : policies

const atOnce = 10

/** The server is killed and started again at every call and event of a turn, with each policy. */
export async function loseServers(lab: Lab, points: Points): Promise<void> {
  const share = { first: 1, later: 0.5, allLater: 2 }
  const trials = deedsAt(lab, points, { kinds: policiesFor, share }).map((deed) => ({
    name: nameOf(lab, deed, wordsOf(deed.kind)),
    attempt: () => onStage(lab.ground, deed.scene, (stage) => loseServer(lab, stage, deed)),
  }))
  await lab.run('servers', trials, { atOnce })
}

export function wordsOf({ onServerLost, onAskLost }: Recovery): string {
  return `server killed, ${onServerLost}, asks ${onAskLost},`
}

export async function loseServer(lab: Lab, stage: Stage, deed: Deed<Recovery>): Promise<void> {
  const { crew, tally } = lab
  const { scene, point, kind: recovery } = deed
  const watching = watchElsewhere(stage, crew.web, { mayTakeBack: true })
  let isAt = false
  let restarting: Promise<void> = Promise.resolve()
  const ports = watchPorts(stage, (call) => {
    if (!isSame(call, point)) return
    isAt = true
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
  const where = nameOf(lab, deed, wordsOf(recovery))
  const isRerun = recovery.onServerLost === 'rerun'
  await judge(stage, tally, {
    where,
    running,
    watching,
    allowed: allowedBy(scene, recovery),
    moreRuns: isRerun && isAt ? 1 : 0,
    more: { recovery },
  })
  if (isAt) tally.crashed()
}

/** A run that is lost may end the turn where the host says so. */
function allowedBy({ allowed, person }: Scene, { onServerLost, onAskLost }: Recovery): Allowed {
  const mayFail = onServerLost === 'fail' || (person === 'answers' && onAskLost === 'fail')
  return mayFail ? new Set([...allowed, 'failed']) : allowed
}
