import type { ReplySource } from '@turnstead/reply'
import { viewSize } from '../output/part-size.js'
import { shared } from '../output/share.js'
import { toRunOutput, type RunFacts } from '../output/to-run-output.js'
import type { OpenCodeRunOutput } from '../run-output.js'
import { createPacer } from './pacer.js'

/** Makes the outputs of one run, each sharing what did not change with the one before. */
export interface Screen {
  /** An output to send now; null when there is nothing new, or it would be too much. */
  next(source: ReplySource | null, elapsedMs: number): OpenCodeRunOutput | null
  /** The last output. */
  end(source: ReplySource | null, facts: EndFacts): OpenCodeRunOutput
}

export type EndFacts = Pick<
  RunFacts,
  'status' | 'error' | 'stop' | 'outputFile' | 'cost' | 'sessionId'
>

/** A preview shows at least so much, and no more than this share of what may be sent: the less room there is, the smaller it is. */
const leastCharacters = 2_000
const previewsInRoom = 6

export function createScreen(
  run: { readonly callId: string; readonly prompt: string; readonly sessionId: string | null },
  previewCharacters: number,
): Screen {
  const pacer = createPacer()
  const working = { ...run, status: 'working', error: null, stop: null, outputFile: null } as const
  let last: OpenCodeRunOutput | null = null
  let shown = ''

  return {
    next(source, elapsedMs) {
      const mark = markOf(source)
      // A person is waited for: that is shown whatever it takes.
      const isUrgent = last === null || mark !== shown
      const room = pacer.room(elapsedMs, source === null ? 0 : viewSize(source.view()))
      const characters = Math.min(
        previewCharacters,
        Math.max(leastCharacters, room / previewsInRoom),
      )
      if (!isUrgent && room < leastCharacters) return null
      const output = shared(last, toRunOutput(source, working, { previewCharacters: characters }))
      if (output === last) return null
      const size = JSON.stringify(output).length
      if (!isUrgent && size > room) return null
      last = output
      shown = mark
      pacer.sent(size)
      return output
    },
    end: (source, facts) => shared(last, toRunOutput(source, { ...run, ...facts })),
  }
}

/** What is open for a person. */
function markOf(source: ReplySource | null): string {
  if (source === null) return ''
  const open = source.view().asks.filter(({ state }) => state === 'open')
  return open.map(({ id }) => id).join(' ')
}
