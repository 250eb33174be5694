import type { OpenCodeRunOutput, OpenCodeTask, OpenCodeTaskInput } from '@turnstead/task'

/** A person's stop of an answer. */
export interface Stop {
  /** Stops the agents. */
  readonly task: AbortController
  /** Stops the chat's model. */
  readonly model: AbortController
  /** Calls of the tool under way. */
  running: number
}

export const createStop = (): Stop => ({
  task: new AbortController(),
  model: new AbortController(),
  running: 0,
})

/**
 * Stops the agents first, and lets the tool say how that ended: a stop of the whole answer would cut the stream before it has. Where no agent
 * works, it is the model that is to be stopped.
 */
export function stopAnswer(stop: Stop): void {
  stop.task.abort()
  if (stop.running === 0) stop.model.abort()
}

/** The tool, stopped by `stop`. */
export function stoppable(task: OpenCodeTask, stop: Stop): OpenCodeTask {
  const { execute } = task
  if (execute === undefined) return task
  return {
    ...task,
    async *execute(input: OpenCodeTaskInput, options: Parameters<typeof execute>[1]) {
      stop.running += 1
      try {
        const outputs = execute(input, { ...options, abortSignal: stop.task.signal })
        yield* outputs as AsyncIterable<OpenCodeRunOutput>
      } finally {
        stop.running -= 1
      }
    },
  } as OpenCodeTask
}
