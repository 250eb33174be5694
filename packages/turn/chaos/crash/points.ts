import type { Share } from '../chooser.js'
import type { Lab } from '../lab.js'
import type { WorkerTask } from '../processes/worker.js'
import { type Scene, scenes } from '../scenes.js'
import { onStage, type Stage } from '../stage.js'
import { type Point, pointsOf, wordsOf } from '../watched-ports.js'
import { judge, watchElsewhere } from './aftermath.js'

export const leaseMs = 500

/** The points of each scene, as turns that nothing happened to have shown them. */
export type Points = ReadonlyMap<Scene, readonly Point[]>

/** What is done at one point of one scene. */
export interface Deed<Kind> {
  readonly scene: Scene
  readonly point: Point
  readonly kind: Kind
}

/** Plays every scene once without trouble, and gives its points. */
export async function findPoints(lab: Lab): Promise<Points> {
  const points = new Map<Scene, readonly Point[]>()
  for (const scene of scenes) {
    points.set(scene, pointsOf(await callsOf(lab, scene)))
  }
  return points
}

/** Each kind at some of the points of each scene. */
export function deedsAt<Kind>(
  { choose, isFirst }: Lab,
  points: Points,
  { kinds, share }: { readonly kinds: readonly Kind[]; readonly share: Share },
): readonly Deed<Kind>[] {
  // At all others the rows are as they were at the last of these: what differs is the server, which the first database has shown.
  const atRows = ({ name }: Point): boolean => isFirst || name.startsWith('store.')
  return [...points].flatMap(([scene, all]) =>
    kinds.flatMap((kind) =>
      choose(all.filter(atRows), share).map((point) => ({ scene, point, kind })),
    ),
  )
}

/** What is done, in words. */
export function nameOf({ ground }: Lab, { scene, point }: Deed<unknown>, what: string): string {
  return `${ground.name}: ${scene.name}: ${what} ${wordsOf(point)}`
}

async function callsOf({ ground, crew, tally }: Lab, scene: Scene): Promise<readonly string[]> {
  let calls: readonly string[] = []
  await onStage(ground, scene, async (stage) => {
    const watching = watchElsewhere(stage, crew.web)
    const worker = await crew.take()
    const running = worker.run(taskOf(stage, null))
    const result = await running
    crew.give(worker)
    const where = `${ground.name}: ${scene.name}, undisturbed`
    await judge(stage, tally, { where, running, watching, allowed: scene.allowed })
    calls = result?.calls ?? []
  })
  return calls
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
