import { againstAiSdk } from './ai-sdk.js'
import { againstCopying, cpuPerDelta, growthByLength, growthByParts } from './deltas.js'
import type { Figure } from './measure.js'
import { memoryPerReply } from './memory.js'
import { gzipSize } from './size.js'

export type { Figure } from './measure.js'

/** What this package measures, for `npm run bench`. */
export const benches: readonly { readonly name: string; run(): Promise<readonly Figure[]> }[] = [
  { name: 'reply.cpu_per_delta.vs_json_parse', run: cpuPerDelta },
  { name: 'reply.cpu_per_delta.growth_5mb', run: growthByLength },
  { name: 'reply.cpu_per_delta.growth_2000_parts', run: growthByParts },
  { name: 'reply.vs_ai_sdk_reader', run: againstAiSdk },
  { name: 'reply.vs_copying_reducer', run: againstCopying },
  { name: 'reply.memory_per_reply_kb', run: memoryPerReply },
  { name: 'reply.size_gzip_kb', run: gzipSize },
]
