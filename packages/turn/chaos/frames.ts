import { fault, type StreamFault } from '@turnstead/testkit'
import { runTurn } from '../src/index.js'
import type { Tally } from './figures.js'
import { inParallel } from './in-parallel.js'
import { policyAlone, type Scene, scenes } from './scenes.js'
import { type Ground, openStage, runAsJob } from './stage.js'
import { verdictOf } from './verdict.js'

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
  'cut at 1,000 bytes': fault.cutBytes(1_000),
  'no heartbeat': fault.noHeartbeat(),
  'never connected': fault.neverConnected(),
}

/** More than any turn here has; a fault at a frame that never comes changes nothing. */
const frames = 45
const atOnce = 6
const played = scenes.filter(({ person, isHandedOver }) => person !== 'stops' && !isHandedOver)

interface Case {
  readonly scene: Scene
  readonly name: string
  readonly broken: StreamFault
}

/** Every fault of a stream, at each of its frames, in every scene: a turn must not notice. */
export async function runFrames(
  ground: Ground,
  tally: Tally,
  choose: <T>(items: readonly T[]) => readonly T[],
): Promise<void> {
  const indexes = Array.from({ length: frames }, (_, index) => index)
  const cases = played.flatMap((scene): Case[] => [
    ...Object.entries(atFrame).flatMap(([name, break_]) =>
      choose(indexes).map((index) => ({
        scene,
        name: `frame ${index} ${name}`,
        broken: break_(index),
      })),
    ),
    ...choose(Object.entries(always)).map(([name, broken]) => ({ scene, name, broken })),
  ])
  await inParallel(cases, atOnce, async ({ scene, name, broken }) => {
    const stage = await openStage(ground, scene)
    stage.upstream.impostor.fail('GET /event', broken)
    const first = await runTurn(stage.options({ asks: policyAlone }))
    const isLeft = first.status === 'skipped' && first.mustRunAgain
    const last = isLeft ? await runAsJob(stage, { asks: policyAlone }) : first
    const where = `${ground.name}: ${scene.name}: ${name}`
    tally.add(where, await verdictOf(stage, last, scene.allowed))
    await stage.close()
  })
}
