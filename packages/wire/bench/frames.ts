import { createDeltaPatterns, type DeltaPatterns } from '../src/events/delta-patterns.js'
import type { ServerEvent } from '../src/events/event-types.js'
import { createFrameDecoder, isOneLine } from '../src/events/frame-decoder.js'
import { WireError } from '../src/errors.js'
import type { Bench } from './bench.js'
import { cpuMicros, leastOf, round, type Reader } from './support/measure.js'

const chunkBytes = 64 * 1024

/** CPU time to decode one frame that comes in chunks, so many times. */
function decodeBigFrame(bytes: number, times: number): Reader {
  const data = `data: ${JSON.stringify({ text: 'x'.repeat(bytes - 20) })}\n\n`
  const frame = Buffer.from(data)
  const chunks: Buffer[] = []
  for (let at = 0; at < frame.length; at += chunkBytes)
    chunks.push(frame.subarray(at, at + chunkBytes))
  return async () => {
    const before = cpuMicros()
    for (let turn = 0; turn < times; turn += 1) {
      let found = 0
      const decoder = createFrameDecoder({
        maxBytes: 16 * 1024 * 1024,
        onData: (text) => {
          JSON.parse(text)
          found += 1
        },
      })
      for (const chunk of chunks) decoder.feed(chunk)
      if (found !== 1) throw new Error('the frame was not found')
    }
    return cpuMicros() - before
  }
}

/** Ten times the size must take ten times the time: 1 is linear. */
export const bigFrame: Bench = {
  name: 'wire.big_frame',
  run: async () => {
    const [small, big] = await leastOf(5, [
      decodeBigFrame(1_000_000, 20),
      decodeBigFrame(10_000_000, 2),
    ])
    return [
      {
        name: 'wire.big_frame.linearity',
        value: round(big / small),
        unit: 'ratio',
        better: 'lower',
      },
    ]
  },
}

/** A million frames of noise and half-valid input, cut at random: no throw but the limit's, no growth. */
export const fuzz: Bench = {
  name: 'wire.fuzz',
  run: async () => {
    const random = createRandom(20261120)
    const goal = 1_000_000
    let frames = 0
    let failures = 0
    const heapBefore = heapUsed()
    while (frames < goal) {
      const deltas = createDeltaPatterns()
      const decoder = createFrameDecoder({
        maxBytes: 100_000,
        onData: (data) => learn(deltas, data),
        takeBytes: (bytes, start, end) =>
          deltas.read(bytes, start, end) !== null ||
          (random() < 0.2 && isOneLine(bytes, start, end)),
      })
      for (let batch = 0; batch < 40; batch += 1) {
        const text = Array.from({ length: 50 }, () => noise(random)).join('')
        frames += 50
        try {
          feedInPieces(decoder.feed, Buffer.from(text, random() < 0.5 ? 'utf8' : 'latin1'), random)
        } catch (error) {
          if (WireError.is(error) && error.code === 'frame_too_large') break
          failures += 1
        }
      }
    }
    if (heapUsed() - heapBefore > 32 * 1024 * 1024) failures += 1
    return [
      { name: 'wire.fuzz.frames', value: frames, unit: 'count', better: 'higher' },
      { name: 'wire.fuzz.failures', value: failures, unit: 'count', better: 'lower' },
    ]
  },
}

function learn(deltas: DeltaPatterns, data: string): void {
  if (!data.startsWith(beforeDelta)) return
  try {
    deltas.learn(data, JSON.parse(data) as ServerEvent)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
}

const beforeDelta =
  '{"id":"evt_1f8e774b9001w5bWn7HaJB0000","type":"message.part.delta","properties":{"sessionID":"ses_e07189059ffe6sH2qYREDiaEXS","messageID":"msg_1f8e77494001FZDdH1K4uaIjcU","partID":"prt_1f8e774b7001qfMcBRzo0d0000","field":"text","delta":"'

const parts = [
  'data: ',
  'data:',
  '\n',
  '\n\n',
  '\r',
  '\r\n',
  ': c\n',
  'id: 1\n',
  '{"a":',
  '}',
  '"',
  '\\',
  '\u2028',
  '\uFEFF',
  '\u0000',
  'é漢😀',
  'event: x\n',
  'retry: x\n',
  '{"id":"e","type":"t","properties":{"sessionID":"ses_1"}}',
  `data: ${beforeDelta}`,
  '"}}',
]

function noise(random: () => number): string {
  if (random() < 0.4)
    return `data: {"id":"evt_1","type":"t","properties":{"sessionID":"ses_${random()}"}}\n\n`
  let text = ''
  for (let count = Math.floor(random() * 8); count >= 0; count -= 1) {
    text += parts[Math.floor(random() * parts.length)]
  }
  return `${text}\n\n`
}

function feedInPieces(feed: (chunk: Buffer) => void, bytes: Buffer, random: () => number): void {
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Math.floor(random() * 700)
    feed(bytes.subarray(at, at + size))
    at += size
  }
}

function heapUsed(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** Mulberry32: the same noise in every run. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
