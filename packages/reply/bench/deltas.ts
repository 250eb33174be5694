import { createReply } from '../src/index.js'
import type { Reply } from '../src/index.js'
import { median, rounded, timed } from './measure.js'
import type { Figure } from './measure.js'
import { delta, deltas, messageId, opening, promptId, sessionId } from './streams.js'

function openReply(parts: number): Reply {
  let seen = 0
  const observers = [{ textDelta: () => void (seen += 1) }, { changed: () => void (seen += 1) }]
  const reply = createReply({ sessionId, promptId, observers })
  for (const text of opening(parts)) reply.apply(JSON.parse(text))
  return reply
}

/** Microseconds for one delta, from the parsed event to the state, with two observers. */
function perDelta(reply: Reply, parts: number, from: number, count: number): number {
  const events: unknown[] = deltas(parts, from, count).map((text) => JSON.parse(text))
  const elapsed = timed(() => {
    for (const event of events) reply.apply(event)
  })
  return (elapsed / count) * 1000
}

/** Compares the cost of a delta in two replies, by turns, so that a busy moment of the machine meets both. */
function compared(one: Grown, other: Grown): number {
  const count = 2000
  const rounds = 30
  const ones: number[] = []
  const others: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    ones.push(perDelta(one.reply, one.parts, one.deltas + round * count, count))
    others.push(perDelta(other.reply, other.parts, other.deltas + round * count, count))
  }
  return median(ones.slice(5)) / median(others.slice(5))
}

interface Grown {
  readonly reply: Reply
  readonly parts: number
  readonly deltas: number
}

/** A reply of some parts whose last one already has some pieces. */
function grown(parts: number, pieces: number): Grown {
  const reply = openReply(parts)
  for (let index = 0; index < pieces; index += 1) reply.apply(JSON.parse(delta(parts, index)))
  return { reply, parts, deltas: pieces }
}

/**
 * CPU for one delta against `JSON.parse` of the same event, by turns in small batches, so that a busy moment of the
 * machine or a garbage collection meets both.
 */
export async function cpuPerDelta(): Promise<readonly Figure[]> {
  const count = 500
  const reply = openReply(1)
  const parsing: number[] = []
  const applying: number[] = []
  for (let round = 0; round < 200; round += 1) {
    const texts = deltas(1, round * count, count)
    const events: unknown[] = []
    parsing.push(
      timed(() => {
        for (const text of texts) events.push(JSON.parse(text))
      }),
    )
    applying.push(
      timed(() => {
        for (const event of events) reply.apply(event)
      }),
    )
  }
  const value = median(applying.slice(20)) / median(parsing.slice(20))
  return [figure('reply.cpu_per_delta.vs_json_parse', value)]
}

/** How much more one delta costs when the reply is 5 MB long instead of 1 KB. */
export async function growthByLength(): Promise<readonly Figure[]> {
  const value = compared(grown(1, 250_000), grown(1, 50))
  return [figure('reply.cpu_per_delta.growth_5mb', value)]
}

/** How much more one delta costs in the last of 2,000 parts instead of the only one. */
export async function growthByParts(): Promise<readonly Figure[]> {
  const value = compared(grown(2000, 50), grown(1, 50))
  return [figure('reply.cpu_per_delta.growth_2000_parts', value)]
}

/** The reducer of the ancestors: a new copy of the whole text for every delta. */
export async function againstCopying(): Promise<readonly Figure[]> {
  const events = deltas(1, 0, 4000).map((text): { properties: { delta: string } } =>
    JSON.parse(text),
  )
  const reply = openReply(1)
  const ours = timed(() => {
    for (const event of events) reply.apply(event)
  })
  let parts = [{ id: messageId, text: '' }]
  const copying = timed(() => {
    for (const { properties } of events) {
      parts = structuredClone(
        parts.map((part) => ({ ...part, text: part.text + properties.delta })),
      )
    }
  })
  return [
    {
      ...figure('reply.vs_copying_reducer', copying / ours),
      unit: 'times faster',
      better: 'higher',
    },
  ]
}

function figure(name: string, value: number): Figure {
  return { name, value: rounded(value), unit: 'ratio', better: 'lower' }
}
