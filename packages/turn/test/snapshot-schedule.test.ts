import { createManualClock } from '@turnstead/testkit'
import { createReply, type Reply } from '@turnstead/reply'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createMemoryStore, type TurnStore } from '../src/index.js'
import { resolveOptions } from '../src/options.js'
import { instant } from '../src/run/instant.js'
import { openRun, type TurnRun } from '../src/run/run.js'
import { createSnapshotSchedule } from '../src/run/snapshot-schedule.js'
import { followAnswer } from '../src/steps/answer-text.js'
import { createSnapshots } from '../src/steps/save-snapshot.js'

const second = 1_000
const minute = 60 * second

interface Simulated {
  /** Bytes of all snapshots and the end, over those of the end. */
  readonly ratio: number
  /** When each was written. */
  readonly times: readonly number[]
}

/** A turn whose reply has this size at each time, looked at ten times a second. */
function simulate(lengthMs: number, sizeAt: (now: number) => number, foundSize = 0): Simulated {
  const schedule = createSnapshotSchedule(second, foundSize, 0)
  const times: number[] = []
  let written = 0
  for (let now = 0; now < lengthMs; now += 100) {
    const size = sizeAt(now)
    if (!schedule.mayWrite(size, now)) continue
    schedule.writing(size, now)
    written += size
    times.push(now)
  }
  const end = sizeAt(lengthMs)
  return { ratio: (written + end) / end, times }
}

/** The longest time between two snapshots within a time. */
function longestGap(times: readonly number[]): number {
  return Math.max(...times.map((time, index) => time - (times[index - 1] ?? 0)))
}

describe('the schedule of snapshots', () => {
  it('writes each second of a short turn', () => {
    const { ratio, times } = simulate(10 * second, (now) => 500 + now)
    expect(times).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => n * second))
    expect(ratio).to.be.below(10)
  })

  it('writes at most ten times the end of an hour that grows to 1 MB, and never stops writing', () => {
    const { ratio, times } = simulate(60 * minute, (now) => 500 + (now / (60 * minute)) * 1e6)
    expect(ratio).to.be.at.most(10)
    expect(times.filter((time) => time < 10 * second)).to.have.length.at.least(9)
    for (const [index, time] of times.entries()) {
      // The interval grows with the turn, and no faster.
      expect(time - (times[index - 1] ?? 0)).to.be.at.most(Math.max(second, time / 5))
    }
  })

  it('writes at most ten times the end of a turn with big tool outputs', () => {
    const outputs = (now: number): number => 1_000 + Math.floor(now / (2 * minute)) * 200_000
    const { ratio, times } = simulate(60 * minute, outputs)
    expect(ratio).to.be.at.most(10)
    expect(longestGap(times)).to.be.at.most(20 * minute)
  })

  it('stops writing what does not grow', () => {
    const { times } = simulate(60 * minute, () => 100_000)
    expect(times).to.have.length(7)
  })

  it('takes what an earlier worker left for paid with all that it might have written', () => {
    const { times } = simulate(minute, () => 100_000, 100_000)
    expect(times).to.have.length(1)
    const crashes = 5
    let written = 7
    for (let crash = 0; crash < crashes; crash += 1) {
      written += simulate(minute, () => 100_000, 100_000).ratio - 1
    }
    expect(written).to.be.at.most(7 + crashes)
  })

  it('keeps the least time whatever grows', () => {
    const { times } = simulate(20 * second, (now) => 1 + now ** 3)
    expect(Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? 0)))).to.equal(
      second,
    )
  })
})

const sessionId = 'ses_1'
const promptId = 'msg_1'
const messageId = 'msg_2'

function opened(parts: readonly string[]): Reply {
  const reply = createReply({ sessionId, promptId })
  reply.apply({
    type: 'message.updated',
    properties: {
      info: { id: messageId, sessionID: sessionId, role: 'assistant', parentID: promptId },
    },
  })
  for (const part of parts) open(reply, part)
  return reply
}

function open(reply: Reply, id: string, type = 'text'): void {
  reply.apply({
    type: 'message.part.updated',
    properties: { part: { id, messageID: messageId, sessionID: sessionId, type, text: '' } },
  })
}

function grow(reply: Reply, partID: string, delta: string): void {
  reply.apply({
    type: 'message.part.delta',
    properties: { sessionID: sessionId, messageID: messageId, partID, field: 'text', delta },
  })
}

describe('the text of an answer that grows', () => {
  it('is that of the result, whatever grows', () => {
    const reply = opened(['prt_1', 'prt_2'])
    open(reply, 'prt_3', 'reasoning')
    const answer = followAnswer(reply)
    reply.observe({ textDelta: (change) => answer.grew(change) })
    const check = (): void => {
      expect(answer.read()).to.equal(reply.result().text)
    }
    check()
    for (const [part, delta] of [
      ['prt_1', 'One'],
      ['prt_1', ' more'],
      ['prt_2', ' '],
      ['prt_2', 'Two'],
      ['prt_3', 'thinking'],
      ['prt_1', ' in between'],
      ['prt_2', '.'],
    ] as const) {
      grow(reply, part, delta)
      check()
    }
    grow(reply, 'prt_2', ' a')
    grow(reply, 'prt_3', ' b')
    grow(reply, 'prt_2', ' c')
    check()
    open(reply, 'prt_4')
    grow(reply, 'prt_4', 'Three')
    check()
  })

  it('is not summed up again for what was added at its end', () => {
    const reply = opened(['prt_1'])
    grow(reply, 'prt_1', 'One')
    let sums = 0
    const counted: Reply = Object.create(reply, {
      result: {
        value: () => {
          sums += 1
          return reply.result()
        },
      },
    })
    const answer = followAnswer(counted)
    reply.observe({ textDelta: (change) => answer.grew(change) })
    for (let count = 0; count < 50; count += 1) {
      grow(reply, 'prt_1', ' more')
      answer.read()
    }
    expect(sums).to.equal(1)
  })
})

describe('snapshots', () => {
  /** A run with a reply, on a store that counts what it is given. */
  async function begin(reply: Reply | null): Promise<{
    run: TurnRun
    clock: ReturnType<typeof createManualClock>
    written: { reply: string; text: string }[]
  }> {
    const clock = createManualClock()
    const memory = createMemoryStore({ clock })
    memory.addTurn({ turnId: 1, conversationId: 1 })
    const written: { reply: string; text: string }[] = []
    const snapshot: TurnStore['snapshot'] = async (lease, fields) => {
      const given = fields.reply as { serialize(): string }
      written.push({ reply: given.serialize(), text: fields.text })
      return await memory.snapshot(lease, fields)
    }
    const store = { ...memory, snapshot }
    const setup = resolveOptions({
      client: {} as never,
      store,
      clock,
      conversationId: 1,
      turnId: 1,
    })
    const since = instant(setup.clock)
    const claim = await store.claim({ conversationId: 1, turnId: 1, owner: 'me', leaseMs: 30_000 })
    if (!claim.claimed) throw new Error('the turn is free')
    const run = openRun(setup, { lease: claim.lease, since }, claim.turn)
    run.reply = reply
    return { run, clock, written }
  }

  it('hold the reply and its text as they were at one instant', async () => {
    const { run, clock, written } = await begin(null)
    const snapshots = createSnapshots(run)
    const reply = opened(['prt_1'])
    run.reply = reply
    grow(reply, 'prt_1', 'One')
    await clock.advance(second)
    snapshots.save()
    const json = JSON.stringify(reply)
    grow(reply, 'prt_1', ' two')
    await clock.advance(0)
    expect(written).to.deep.equal([{ reply: json, text: 'One' }])
    const turn = await run.setup.store.read(1)
    expect(turn?.reply).to.deep.equal(JSON.parse(json))
    run.lease.close()
  })

  it('land once more when the turn is given up, whatever was written before', async () => {
    const reply = opened(['prt_1'])
    grow(reply, 'prt_1', 'x'.repeat(10_000))
    const { run, clock, written } = await begin(reply)
    const snapshots = createSnapshots(run)
    for (let toggles = 0; toggles < 60; toggles += 1) {
      const status = { type: toggles % 2 === 0 ? 'busy' : 'idle' }
      reply.apply({ type: 'session.status', properties: { sessionID: sessionId, status } })
      snapshots.save()
      await clock.advance(second)
    }
    expect(written).to.have.length(1)
    await snapshots.saveLast()
    expect(written.at(-1)?.reply).to.equal(JSON.stringify(reply))
    run.lease.close()
  })

  it('are looked at no more often than they may be written, however often they are asked for', async () => {
    const reply = opened(['prt_1'])
    grow(reply, 'prt_1', 'x'.repeat(10_000))
    const { run, clock } = await begin(reply)
    let serialised = 0
    run.reply = Object.create(reply, {
      serialize: {
        value: () => {
          serialised += 1
          return reply.serialize()
        },
      },
    })
    const snapshots = createSnapshots(run)
    for (let count = 0; count < 200; count += 1) {
      grow(reply, 'prt_1', '.')
      snapshots.save()
      await clock.advance(100)
    }
    expect(serialised).to.be.at.most(22)
    run.lease.close()
  })
})
