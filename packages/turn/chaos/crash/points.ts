import type { Crew } from '../processes/crew.js'
import type { Point, WorkerTask } from '../processes/worker.js'
import type { Tally } from '../figures.js'
import { type Scene, scenes } from '../scenes.js'
import { type Ground, openStage, type Stage } from '../stage.js'
import { judge, watchElsewhere } from './aftermath.js'

export const leaseMs = 500

/** Everything that one part of the matrix needs. */
export interface Matrix {
  readonly ground: Ground
  readonly crew: Crew
  readonly tally: Tally
  /** Which points are tried. */
  readonly choose: <T>(points: readonly T[]) => readonly T[]
  /** The points of each scene, as turns that nothing happened to have shown them. */
  readonly points: ReadonlyMap<Scene, readonly Point[]>
}

/** Plays every scene once without trouble, and gives its points. */
export async function openMatrix(given: Omit<Matrix, 'points'>): Promise<Matrix> {
  const points = new Map<Scene, readonly Point[]>()
  for (const scene of scenes) {
    const calls = await countCalls(given, scene)
    const ats = Array.from({ length: calls }, (_, index) => index + 1)
    points.set(
      scene,
      ats.flatMap((at) => [{ at, when: 'before' } as const, { at, when: 'after' } as const]),
    )
  }
  return { ...given, points }
}

/** Each of the chosen points of each scene, with each of the cases. */
export function chosenFrom<Case>(
  { choose, points }: Matrix,
  cases: readonly Case[],
  isPlayed: (scene: Scene) => boolean = () => true,
): readonly { readonly scene: Scene; readonly point: Point; readonly kind: Case }[] {
  return [...points].flatMap(([scene, all]) =>
    isPlayed(scene)
      ? cases.flatMap((kind) => choose(all).map((point) => ({ scene, point, kind })))
      : [],
  )
}

async function countCalls(
  { ground, crew, tally }: Omit<Matrix, 'points'>,
  scene: Scene,
): Promise<number> {
  const stage = await openStage(ground, scene)
  const watching = watchElsewhere(stage, crew.web)
  const worker = await crew.take()
  const running = worker.run(taskOf(stage, null))
  const result = await running
  crew.give(worker)
  const where = `${ground.name}: ${scene.name}, undisturbed`
  await judge(stage, tally, { where, running, watching, allowed: scene.allowed })
  await stage.close()
  return result?.calls.length ?? 0
}

export function taskOf(stage: Stage, death: WorkerTask['death']): WorkerTask {
  const { ground, upstream, place, scene, conversationId, turnId, prompt } = stage
  return {
    ...ground.address,
    server: upstream.address,
    place,
    scene: scene.name,
    prompt,
    conversationId,
    turnId,
    leaseMs,
    death,
  }
}
