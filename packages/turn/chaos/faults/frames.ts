import { fault, type StreamFault } from '@turnstead/testkit'
import type { Lab } from '../lab.js'
import type { Scene } from '../scenes.js'
import { onStage } from '../stage.js'
import { verdictOf } from '../verdict.js'
import { play } from './play.js'
import type { Survey } from './survey.js'

/** What happens to the stream at one of its frames. */
const atFrame: Readonly<Record<string, (index: number) => StreamFault>> = {
  ended: (index) => fault.cut(index, 'end'),
  reset: (index) => fault.cut(index, 'reset'),
  'left out': (index) => fault.drop(index),
  'sent twice': (index) => fault.duplicate(index),
  'sent late': (index) => fault.reorder(index),
  'after garbage': (index) => fault.garbage(index),
  'after a frame of 1 MB': (index) => fault.oversize(index, 1_000_000),
  'the last one': (index) => fault.silence(index),
}

/** What is so from its beginning. */
const always: Readonly<Record<string, StreamFault>> = {
  'CR LF': fault.lines('\r\n'),
  CR: fault.lines('\r'),
  'a byte order mark': fault.bom(),
  comments: fault.comments(),
  'pieces of 7 bytes': fault.split(7),
  'ended at 1,000 bytes': fault.cutBytes(1_000, 'end'),
  'cut at 1,000 bytes': fault.cutBytes(1_000),
  'no heartbeat': fault.noHeartbeat(),
  'never connected': fault.neverConnected(),
}

const atOnce = 6

interface Case {
  readonly scene: Scene
  readonly name: string
  readonly broken: StreamFault
}

/** Every fault of a stream, at each of its frames, in every scene: a turn must not notice. */
export async function breakFrames(lab: Lab, surveys: readonly Survey[]): Promise<void> {
  const share = { first: 1, later: 0.5, allLater: 2 }
  const cases = surveys.flatMap(({ scene, frames }): Case[] => {
    const indexes = Array.from({ length: frames }, (_, index) => index)
    return [
      ...Object.entries(atFrame).flatMap(([what, break_]) =>
        lab.choose(indexes, share).map((index) => ({
          scene,
          name: `frame ${index} ${what}`,
          broken: break_(index),
        })),
      ),
      ...lab
        .choose(Object.entries(always), share)
        .map(([name, broken]) => ({ scene, name, broken })),
    ]
  })
  const trials = cases.map(({ scene, name, broken }) => {
    const where = `${lab.ground.name}: ${scene.name}: ${name}`
    return { name: where, attempt: () => breakStream(lab, { scene, name: where, broken }) }
  })
  await lab.run('frames', trials, { atOnce })
}

async function breakStream(lab: Lab, { scene, name, broken }: Case): Promise<void> {
  await onStage(lab.ground, scene, async (stage) => {
    stage.upstream.impostor.fail('GET /event', broken)
    const last = await play(stage)
    lab.tally.add(name, await verdictOf(stage, last, scene.allowed))
  })
}
