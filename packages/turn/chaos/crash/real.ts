import { always, on, type ScriptedModel, startScriptedModel } from '@turnstead/testkit'
import {
  findOpencodeBinary,
  type RunningOpencode,
  startOpencode,
} from '@turnstead/testkit/opencode'
import type { Lab } from '../lab.js'
import { type Scene, scenes } from '../scenes.js'
import { openStageOn, type Stage, type Upstream } from '../stage.js'
import type { Trial } from '../trials.js'
import { type Deed, deedsAt, nameOf, type Points } from './points.js'
import { loseServer, wordsOf } from './servers.js'
import { deaths, loseWorker } from './workers.js'

/** The real server behind one stage after the other; only the last one ends it. */
interface RealServer {
  open(scene: Scene, prompt: string): Promise<Upstream>
  close(): Promise<void>
}

const recovery = { onServerLost: 'rerun', onAskLost: 'fail' } as const

/** A chosen set of points of every scene on the real server. @returns why not, where there is none. */
export async function loseOnReal(lab: Lab, points: Points): Promise<string | null> {
  if (findOpencodeBinary() === null) return 'no opencode binary for this platform'
  const real = await startReal()
  const trialOf = <Kind>(
    deed: Deed<Kind>,
    words: string,
    lose: (lab: Lab, stage: Stage, deed: Deed<Kind>) => Promise<void>,
  ): Trial => ({
    name: `real, ${nameOf(lab, deed, words)}`,
    async attempt() {
      const stage = await openStageOn(lab.ground, deed.scene, (...args) => real.open(...args))
      try {
        await lose(lab, stage, deed)
      } finally {
        await stage.close()
      }
    },
  })
  const share = { first: 0.4, later: 0, all: 8 }
  try {
    const trials = [
      ...deedsAt(lab, points, { kinds: () => deaths, share }).map((deed) =>
        trialOf(deed, deed.kind.name, loseWorker),
      ),
      ...deedsAt(lab, points, { kinds: () => [recovery], share }).map((deed) =>
        trialOf(deed, wordsOf(recovery), loseServer),
      ),
    ]
    // One at a time: a restart is one for all.
    await lab.run('real server', trials, { atOnce: 1 })
  } finally {
    await real.close()
  }
  return null
}

async function startReal(): Promise<RealServer> {
  const model = await startScriptedModel([])
  // What Impostor plays of itself, the real server does by its configuration and by what its model says to a sub-agent.
  const server = await startOpencode({
    model,
    snapshot: false,
    config: { permission: { edit: 'ask' } },
  })
  for (const { played } of scenes) {
    for (const step of played.steps) {
      if (step.kind !== 'tool' || step.reply === undefined || typeof step.input === 'string')
        continue
      model.answer(always(String(step.input['prompt']), step.reply))
    }
  }
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
    // Each step of a run is a request of its own.
    runs: (prompt) =>
      model.requests.filter((request) => request.prompt === prompt && request.loop === 0).length,
    answers: () => [],
    async restart() {
      await server.kill('SIGKILL')
      await server.restart()
    },
    close: async () => undefined,
  }
}
