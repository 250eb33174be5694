import type { AnswerFault } from '@turnstead/testkit'
import type { Lab } from '../lab.js'
import { onStage } from '../stage.js'
import { resumeUntilDone } from '../crash/aftermath.js'
import type { Allowed, Scene } from '../scenes.js'
import { verdictOf } from '../verdict.js'
import { answerFaults, shapes } from './answers.js'
import { play } from './play.js'
import { type RequestPoint, routeOf, type Survey } from './survey.js'

const atOnce = 6
/** Once, or twice in succession: then the repetition meets it, too. */
const repetitions = [1, 2] as const

interface Case {
  readonly scene: Scene
  readonly point: RequestPoint
  readonly name: string
  readonly broken: AnswerFault
  readonly times: number
}

/** Every fault of an answer, at every request of every scene, and then gone: a turn must not notice. */
export async function breakRequests(lab: Lab, surveys: readonly Survey[]): Promise<void> {
  const cases = surveys.flatMap(({ scene, requests }) =>
    answerFaults.flatMap(([name, broken]) =>
      lab
        .choose(
          requests.flatMap((point) => repetitions.map((times) => ({ point, times }))),
          { first: 1, later: 0.1, allLater: 2 },
        )
        .map((at): Case => ({ scene, name, broken, ...at })),
    ),
  )
  const trials = cases
    .filter((each) => !isProper(each))
    .map((each) => ({ name: nameOf(lab, each), attempt: () => breakRequest(lab, each) }))
  await lab.run('requests', trials, { atOnce })
}

function nameOf({ ground }: Lab, { scene, point, name, times }: Case): string {
  return `${ground.name}: ${scene.name}: ${name} at ${point.route} ${point.count}, ${times} times`
}

/** 204 is how this request is answered: a server that says so twice and has nothing lost the prompt. */
function isProper({ point, name }: Case): boolean {
  return point.route === 'POST /session/*/prompt_async' && name === 'no content'
}

/** A 401 says that user and password are wrong, and nothing passes of itself: a turn may end with it, and say so. */
function allowedBy({ allowed }: Scene, { name }: Case): Allowed {
  return name === '401' ? new Set([...allowed, 'failed']) : allowed
}

async function breakRequest(lab: Lab, each: Case): Promise<void> {
  const { scene, point, broken, times } = each
  const where = nameOf(lab, each)
  await onStage(lab.ground, scene, async (stage) => {
    const { impostor } = stage.upstream
    let count = 0
    const heal = impostor.fail(
      (request) => {
        if (routeOf(request) !== point.route) return false
        count += 1
        return count >= point.count
      },
      broken,
      { times },
    )
    const last = await play(stage).catch(async (error: unknown) => {
      const isShape = each.name in shapes
      const figure = isShape ? 'turn.hostile_json_rejections' : 'turn.faults.wrong_outcomes'
      lab.tally.count(figure, `${where}: ${String(error)}`)
      return await play(stage)
    })
    heal()
    // What could not be stopped under the fault is left open for the host's cron.
    await resumeUntilDone(stage)
    lab.tally.add(where, await verdictOf(stage, last, allowedBy(scene, each)))
  })
}
