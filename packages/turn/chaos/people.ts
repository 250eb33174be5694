import { runTurn } from '../src/index.js'
import type { Lab } from './lab.js'
import { type Allowed, sceneOf } from './scenes.js'
import { verdictOf } from './verdict.js'
import { onStage, runAsJob } from './stage.js'
import { isSame, type Point, pointsOf, watchPorts, wordsOf } from './watched-ports.js'

type Deed = 'cancel in the row' | 'cancelSignal' | 'hand-off'

const allowed: Readonly<Record<Deed, Allowed>> = {
  'cancel in the row': new Set(['cancelled', 'completed']),
  cancelSignal: new Set(['cancelled', 'completed']),
  'hand-off': new Set(['completed']),
}

const atOnce = 6

/** Does something at every call of a turn, before and after it. */
export async function runPeople(lab: Lab): Promise<void> {
  const points = pointsOf(await callsOf(lab))
  const trials = (Object.keys(allowed) as Deed[]).flatMap((deed) =>
    lab.choose(points, { first: 10, later: 4 }).map((point) => {
      const name = `${lab.ground.name}: ${deed} ${wordsOf(point)}`
      return { name, attempt: () => tryDeed(lab, name, { deed, point }) }
    }),
  )
  await lab.run('people', trials, { atOnce })
}

async function callsOf({ ground }: Lab): Promise<readonly string[]> {
  const calls: string[] = []
  await onStage(ground, sceneOf('all'), async (stage) => {
    const ports = watchPorts(stage, ({ name, when }) => {
      if (when === 'before') calls.push(name)
    })
    await runTurn(stage.options(ports))
  })
  return calls
}

async function tryDeed(
  { ground, tally }: Lab,
  where: string,
  { deed, point }: { readonly deed: Deed; readonly point: Point },
): Promise<void> {
  await onStage(ground, sceneOf('all'), async (stage) => {
    const controller = new AbortController()
    const ports = watchPorts(stage, async (call) => {
      if (!isSame(call, point)) return
      if (deed === 'cancel in the row') await stage.anotherStore().cancel({ turnId: stage.turnId })
      else controller.abort()
    })
    const signals =
      deed === 'hand-off' ? { signal: controller.signal } : { cancelSignal: controller.signal }
    await runTurn(stage.options({ ...ports, ...signals }))
    tally.add(where, await verdictOf(stage, await runAsJob(stage), allowed[deed]))
  })
}
