import { type Scene, scenes } from '../scenes.js'
import { type Ground, onStage } from '../stage.js'
import { play } from './play.js'

/** One request of a turn: the first, second … of those of its kind. */
export interface RequestPoint {
  /** `POST /session/*`: the ids are stars. */
  readonly route: string
  /** From 1. */
  readonly count: number
}

/** What a scene asks of the server and hears from it when nothing goes wrong. */
export interface Survey {
  readonly scene: Scene
  readonly requests: readonly RequestPoint[]
  /** How many frames the stream has. */
  readonly frames: number
}

/** Plays every scene once. */
export async function surveyScenes(ground: Ground): Promise<readonly Survey[]> {
  const surveys: Survey[] = []
  for (const scene of scenes) {
    await onStage(ground, scene, async (stage) => {
      const { impostor } = stage.upstream
      await play(stage)
      const counts = new Map<string, number>()
      const requests = impostor.journal.entries.map((entry) => {
        const route = routeOf(entry)
        const count = (counts.get(route) ?? 0) + 1
        counts.set(route, count)
        return { route, count }
      })
      // Beside what was published: that it is connected.
      surveys.push({ scene, requests, frames: impostor.events.entries.length + 1 })
    })
  }
  return surveys
}

/** The kind of a request, without the ids in it. */
export function routeOf({
  method,
  path,
}: {
  readonly method: string
  readonly path: string
}): string {
  return `${method} ${path.replaceAll(/\/(?:ses|msg|prt|per|que)_[^/]+/g, '/*')}`
}
