import { on, type ScriptedModel, startScriptedModel } from '@turnstead/testkit'
import {
  findOpencodeBinary,
  type RunningOpencode,
  startOpencode,
} from '@turnstead/testkit/opencode'
import { inParallel } from '../in-parallel.js'
import { type Scene, sceneOf } from '../scenes.js'
import { openStageOn, type Stage, type Upstream } from '../stage.js'
import { chosenFrom, type Matrix } from './points.js'
import { loseServer } from './servers.js'
import { deaths, loseWorker } from './workers.js'

/** Scenes that need nothing of the server that the scripted model cannot play. */
const played: readonly Scene[] = ['text', 'cancel', 'hand-over'].map(sceneOf)

/** The real server behind one stage after the other; only the last one ends it. */
interface RealServer {
  open(scene: Scene, prompt: string): Promise<Upstream>
  close(): Promise<void>
}

/** A chosen set of points on the real server. @returns why not, where there is none. */
export async function loseOnReal(matrix: Matrix): Promise<string | null> {
  if (findOpencodeBinary() === null) return 'no opencode binary for this platform'
  const real = await startReal()
  const openStage = (scene: Scene): Promise<Stage> =>
    openStageOn(matrix.ground, scene, (...args) => real.open(...args))
  const isPlayed = (scene: Scene): boolean => played.includes(scene)
  try {
    await inParallel(chosenFrom(matrix, deaths, isPlayed), 1, async ({ scene, point, kind }) => {
      const stage = await openStage(scene)
      await loseWorker(matrix, stage, { scene, point, death: kind })
      await stage.close()
    })
    // One at a time: a restart is one for all.
    const recovery = { onServerLost: 'rerun', onAskLost: 'fail' } as const
    const restarts = chosenFrom(matrix, [recovery], isPlayed)
    await inParallel(restarts, 1, async ({ scene, point, kind }) => {
      const stage = await openStage(scene)
      await loseServer(matrix, stage, { scene, point, recovery: kind })
      await stage.close()
    })
  } finally {
    await real.close()
  }
  return null
}

async function startReal(): Promise<RealServer> {
  const model = await startScriptedModel([])
  const server = await startOpencode({ model, snapshot: false })
  return {
    open: async ({ played: reply }, prompt) => {
      model.answer(on(prompt, reply, { times: 3 }))
      return upstreamOn(server, model)
    },
    async close() {
      await server.close()
      await model.close()
    },
  }
}

function upstreamOn(server: RunningOpencode, model: ScriptedModel): Upstream {
  const { url: baseUrl, username, password, directory } = server
  return {
    address: { baseUrl, username, password, directory },
    runs: (prompt) => model.requests.filter((request) => request.prompt === prompt).length,
    answers: () => [],
    async restart() {
      await server.kill('SIGKILL')
      await server.restart()
    },
    close: async () => undefined,
  }
}
