import type { Share } from '../chooser.js'
import type { Lab } from '../lab.js'
import type { WorkerTask } from '../processes/worker.js'
import { type Scene, scenes } from '../scenes.js'
import { onStage, type Stage } from '../stage.js'
import { type Point, pointsOf, wordsOf } from '../watched-ports.js'
import { judge, leaseMs, watchElsewhere } from './aftermath.js'

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
  { kinds, share }: { readonly kinds: (scene: Scene) => readonly Kind[]; readonly share: Share },
): readonly Deed<Kind>[] {
  return [...points].flatMap(([scene, all]) => {
    const some = isFirst ? everyState(all) : all.filter(isAtRows)
    return kinds(scene).flatMap((kind) =>
      choose(some, share).map((point) => ({ scene, point, kind })),
    )
  })
}

/**
 * What has left a process before a call is what had left it after the one before: a process that is lost leaves the same behind. So
 * each boundary is tried once, before the call, and the end after the last one.
 */
function everyState(points: readonly Point[]): readonly Point[] {
  return points.filter(({ when }, index) => when === 'before' || index === points.length - 1)
}

/** Between these the rows stay as they are, and what differs is the server, which the first database has shown. */
function isAtRows({ name }: Point): boolean {
  return name.startsWith('store.')
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
  const { ground, upstream, place, scene, conversationId, turnId, prompt, slowness } = stage
  return {
    ...ground.address,
    server: upstream.address,
    place,
    scene: scene.name,
    prompt,
    conversationId,
    turnId,
    leaseMs: leaseMs * slowness,
    slowness,
    death,
  }
}
