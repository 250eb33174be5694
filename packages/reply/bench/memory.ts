import { createReply } from '../src/index.js'
import type { Reply } from '../src/index.js'
import { heapBytes, rounded } from './measure.js'
import type { Figure } from './measure.js'
import { deltas, opening, promptId, sessionId } from './streams.js'

const replies = 1000
const parts = 8
const pieces = 200

/** Kilobytes that each of 1,000 replies in flight takes beyond its text. */
export async function memoryPerReply(): Promise<readonly Figure[]> {
  const texts = [...opening(parts), ...deltas(parts, 0, pieces)]
  const before = heapBytes()
  const kept: Reply[] = []
  let textBytes = 0
  for (let index = 0; index < replies; index += 1) {
    const reply = createReply({ sessionId, promptId })
    for (const text of texts) reply.apply(JSON.parse(text))
    kept.push(reply)
  }
  const after = heapBytes()
  for (const reply of kept) textBytes += reply.result().text.length
  const value = (after - before - textBytes) / kept.length / 1024
  return [
    { name: 'reply.memory_per_reply_kb', value: rounded(value, 1), unit: 'KB', better: 'lower' },
  ]
}
