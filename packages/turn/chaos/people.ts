import { runTurn } from '../src/index.js'
import type { Tally } from './figures.js'
import type { Allowed } from './scenes.js'
import { verdictOf } from './verdict.js'
import { type Ground, openStage, runAsJob, type Stage } from './stage.js'
import { watchPorts } from './watched-ports.js'

type Deed = 'cancel in the row' | 'cancelSignal' | 'hand-off'

const allowed: Readonly<Record<Deed, Allowed>> = {
  'cancel in the row': new Set(['cancelled', 'completed']),
  cancelSignal: new Set(['cancelled', 'completed']),
  'hand-off': new Set(['completed']),
}

/** Does something at every call of a turn, before and after it. */
export async function runPeople(ground: Ground, tally: Tally, everyNth: number): Promise<void> {
  for (const deed of Object.keys(allowed) as Deed[]) {
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at += everyNth) {
        const stage = await openStage(ground)
        const name = await doAt(stage, deed, when, at)
        if (name !== null) {
          const last = await runAsJob(stage)
          tally.add(
            `${ground.name}: ${deed} ${when} ${name}`,
            await verdictOf(stage, last, allowed[deed]),
          )
        }
        await stage.close()
        if (name === null) break
      }
    }
  }
}

/** The name of the call where it was done; null when the turn makes fewer calls. */
async function doAt(
  stage: Stage,
  deed: Deed,
  when: 'before' | 'after',
  at: number,
): Promise<string | null> {
  const controller = new AbortController()
  let done: string | null = null
  const ports = watchPorts(stage, async (call) => {
    if (call.number !== at || call.when !== when) return
    done = call.name
    if (deed === 'cancel in the row') await stage.anotherStore().cancel({ turnId: stage.turnId })
    else controller.abort()
  })
  const signals =
    deed === 'hand-off' ? { signal: controller.signal } : { cancelSignal: controller.signal }
  await runTurn(stage.options({ ...ports, ...signals }))
  return done
}
