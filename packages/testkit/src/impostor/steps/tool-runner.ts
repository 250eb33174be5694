import { finishTool } from './tool-run.js'
import type { ToolCall } from '../tools/tool-context.js'
import type { ToolContext } from '../tools/tool-context.js'

/** Runs the tools of one step side by side. */
export interface ToolRunner {
  readonly context: ToolContext
  /** Starts the calls that do not run yet. */
  start(calls: readonly ToolCall[]): void
  /** Resolves when all have ended. */
  done(signal: AbortSignal): Promise<'continue' | 'stop'>
  /** From now on tools change nothing of the message. */
  stop(): void
  isOver(): boolean
}

/** Makes a {@link ToolRunner}. Once the process has died, its tools change nothing any more. */
export function createToolRunner(toolContext: Omit<ToolContext, 'isOver'>): ToolRunner {
  let isOver = false
  const { world } = toolContext
  const { life } = world
  const running: Promise<'continue' | 'stop'>[] = []
  const context: ToolContext = {
    ...toolContext,
    isOver: () => isOver || world.life !== life,
  }
  return {
    context,
    start(calls) {
      for (const call of calls.slice(running.length)) {
        const ending = finishTool(call, context)
        // After an abort there may be tools that are not awaited any more.
        ending.catch(() => {})
        running.push(ending)
      }
    },
    async done(signal) {
      const all = Promise.all(running)
      const stopped = new Promise<never>((_resolve, reject) => {
        const onAbort = (): void => reject(signal.reason)
        signal.addEventListener('abort', onAbort, { once: true })
        const forget = (): void => signal.removeEventListener('abort', onAbort)
        all.then(forget, forget)
      })
      const verdicts = await Promise.race([all, stopped])
      return verdicts.includes('stop') ? 'stop' : 'continue'
    },
    stop() {
      isOver = true
    },
    isOver: () => isOver,
  }
}
