import { readUIMessageStream } from 'ai-v6'
import type { UIMessageChunk } from 'ai-v6'
import { createReply } from '../src/index.js'
import { median, rounded } from './measure.js'
import type { Figure } from './measure.js'
import { deltas, opening, promptId, sessionId } from './streams.js'

const pieces = 2000

/** How many times faster the same deltas become state here than in the AI SDK's reader of UI chunks. */
export async function againstAiSdk(): Promise<readonly Figure[]> {
  const events = [...opening(1), ...deltas(1, 0, pieces)].map((text): unknown => JSON.parse(text))
  const ratios: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const reply = createReply({ sessionId, promptId, observers: [{ changed: () => {} }] })
    let started = performance.now()
    for (const event of events) reply.apply(event)
    const ours = performance.now() - started
    started = performance.now()
    await readChunks()
    ratios.push((performance.now() - started) / ours)
  }
  const value = rounded(median(ratios.slice(1)), 1)
  return [{ name: 'reply.vs_ai_sdk_reader', value, unit: 'times faster', better: 'higher' }]
}

async function readChunks(): Promise<void> {
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      controller.enqueue({ type: 'start', messageId: 'm' })
      controller.enqueue({ type: 'text-start', id: 't' })
      for (let index = 0; index < pieces; index += 1) {
        controller.enqueue({
          type: 'text-delta',
          id: 't',
          delta: `the next ${String(index).padStart(8, '0')} of`,
        })
      }
      controller.enqueue({ type: 'text-end', id: 't' })
      controller.close()
    },
  })
  let messages = 0
  for await (const message of readUIMessageStream({ stream })) messages += message.parts.length
  if (messages === 0) throw new Error('the reader gave nothing')
}
