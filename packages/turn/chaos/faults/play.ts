import { runTurn, type TurnResult } from '../../src/index.js'
import { policyAlone } from '../scenes.js'
import { runAsJob, type Stage } from '../stage.js'

/**
 * Plays the turn of a stage in this process: all is answered at once, who stops it does so at its first words, and a worker that
 * leaves does so then. The job comes back as long as it must.
 */
export async function play(stage: Stage): Promise<TurnResult> {
  const { scene, store, turnId } = stage
  const leave = new AbortController()
  const atFirstWords = (): void => {
    if (scene.isHandedOver) leave.abort()
    if (scene.person === 'stops') store.cancel({ turnId }).catch(() => undefined)
  }
  const first = await runTurn(
    stage.options({
      asks: policyAlone,
      signal: leave.signal,
      onReply(reply) {
        const stop = reply.observe({
          textDelta() {
            stop()
            atFirstWords()
          },
        })
      },
    }),
  )
  const isLeft = first.status === 'skipped' && first.mustRunAgain
  return isLeft ? await runAsJob(stage, { asks: policyAlone }) : first
}
