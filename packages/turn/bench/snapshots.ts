import { createReply, type Reply } from '@turnstead/reply'
import { createManualClock } from '@turnstead/testkit'
import { createMemoryStore, type TurnStore } from '../src/index.js'
import { resolveOptions } from '../src/options.js'
import { instant } from '../src/run/instant.js'
import { openRun } from '../src/run/run.js'
import { type AnswerText, followAnswer } from '../src/steps/answer-text.js'
import { createSnapshots } from '../src/steps/save-snapshot.js'

const sessionId = 'ses_bench'
const promptId = 'msg_prompt'
const messageId = 'msg_answer'

function openReply(parts: number): Reply {
  const reply = createReply({ sessionId, promptId })
  const info = { id: messageId, sessionID: sessionId, role: 'assistant', parentID: promptId }
  reply.apply({ type: 'message.updated', properties: { info } })
  for (let index = 0; index < parts; index += 1) openPart(reply, index)
  return reply
}

function openPart(reply: Reply, index: number): void {
  const part = {
    id: partId(index),
    messageID: messageId,
    sessionID: sessionId,
    type: 'text',
    text: '',
  }
  reply.apply({ type: 'message.part.updated', properties: { part } })
}

function partId(index: number): string {
  return `prt_${String(index).padStart(8, '0')}`
}

function grow(reply: Reply, part: number, delta: string): void {
  const ids = { sessionID: sessionId, messageID: messageId, partID: partId(part) }
  reply.apply({ type: 'message.part.delta', properties: { ...ids, field: 'text', delta } })
}

const piece = 'the next "piece" of it,\n'

/** A simulated hour in which an answer of many parts grows to 1 MB: all bytes that are written over those of the end. */
export const snapshotBytes = {
  name: 'session.snapshot.bytes_over_final_60min',
  async run() {
    const clock = createManualClock()
    const memory = createMemoryStore({ clock })
    memory.addTurn({ turnId: 1, conversationId: 1 })
    let written = 0
    const snapshot: TurnStore['snapshot'] = async (_lease, { reply, text }) => {
      written += bytesOf((reply as Reply).serialize()) + bytesOf(text)
      return true
    }
    const setup = resolveOptions({
      client: {} as never,
      store: { ...memory, snapshot },
      clock,
      conversationId: 1,
      turnId: 1,
    })
    const since = instant(setup.clock)
    const claim = await memory.claim({ conversationId: 1, turnId: 1, owner: 'me', leaseMs: 30_000 })
    if (!claim.claimed) throw new Error('the turn is free')
    const run = openRun(setup, { lease: claim.lease, since }, claim.turn)
    const snapshots = createSnapshots(run)
    const reply = openReply(1)
    run.reply = reply
    const seconds = 3_600
    const perSecond = 1_000_000 / 2 / seconds / piece.length
    let grown = 0
    for (let second = 0; second < seconds; second += 1) {
      const part = Math.floor(second / 60)
      if (second % 60 === 0 && part > 0) openPart(reply, part)
      while (grown < second * perSecond) {
        grow(reply, part, piece)
        grown += 1
      }
      snapshots.save()
      await clock.advance(1_000)
    }
    run.lease.close()
    const end = bytesOf(JSON.stringify(reply)) + bytesOf(reply.result().text)
    return [
      {
        name: 'session.snapshot.bytes_over_final_60min',
        value: round((written + end) / end),
        unit: 'ratio',
        better: 'lower',
      },
    ] as const
  },
}

/** CPU of a snapshot after one more piece at 5 MB over that at 50 KB: of one long text, and in the last of many parts. */
export const snapshotCpu = {
  name: 'session.snapshot.cpu_growth_5mb',
  async run() {
    const value = Math.max(
      compared(grownText(50_000), grownText(5_000_000)),
      compared(grownParts(20), grownParts(2_000)),
    )
    return [
      {
        name: 'session.snapshot.cpu_growth_5mb',
        value: round(value),
        unit: 'ratio',
        better: 'lower',
      },
    ] as const
  },
}

interface Grown {
  readonly reply: Reply
  readonly part: number
}

function grownText(bytes: number): Grown {
  const reply = openReply(1)
  for (let size = 0; size < bytes; size += piece.length) grow(reply, 0, piece)
  return { reply, part: 0 }
}

/** Finished parts of 2,500 characters, and one that grows. */
function grownParts(parts: number): Grown {
  const reply = openReply(parts + 1)
  for (let part = 0; part < parts; part += 1) grow(reply, part, 'x'.repeat(2_500))
  return { reply, part: parts }
}

function followed(reply: Reply): AnswerText {
  const text = followAnswer(reply)
  reply.observe({ textDelta: (change) => text.grew(change) })
  return text
}

/** By turns, so that a busy moment of the machine meets both. */
function compared(small: Grown, large: Grown): number {
  const takes = [small, large].map((grown) => ({
    ...grown,
    text: followed(grown.reply),
    ms: [] as number[],
  }))
  for (let round_ = 0; round_ < 2_000; round_ += 1) {
    for (const { reply, part, text, ms } of takes) {
      const from = performance.now()
      grow(reply, part, piece)
      const size = reply.serialize().length + text.read().length
      if (size === 0) throw new Error('it is there')
      ms.push(performance.now() - from)
    }
  }
  const [one, other] = takes.map(({ ms }) => median(ms.slice(500)))
  return (other ?? Number.NaN) / (one ?? Number.NaN)
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
