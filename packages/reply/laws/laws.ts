import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { ChangeQueue } from '../src/changes/change-queue.js'
import { changesBetween, foldChange } from '../src/changes.js'
import { createReply, parseReply, SnapshotError } from '../src/index.js'
import type { Reply, ReplyPart, ReplyView } from '../src/index.js'
import { storedPart, throughJson, verdict } from './compare.js'
import { deliver, deliveries, pollAll } from './delivery.js'
import { histories, storableHistories } from './history.js'
import type { History } from './history.js'
import { earlierWord, laterWord } from './other-turns.js'
import { attemptWord } from './model-agent.js'
import { messagesOfTurn } from './server-truth.js'
import { toUiMessage } from '../src/ui-message-stream.js'
import { uiMessages } from './ui-law.js'
import { anyEvents, anyInput, damaged } from './junk.js'

/** One law of the reply, as a property. */
export interface Law {
  readonly name: string
  readonly property: unknown
}

function begin(history: History): Reply {
  return createReply({ sessionId: history.sessionId, promptId: history.promptId })
}

function pollAlone(history: History): Reply {
  const reply = begin(history)
  pollAll(reply, history.polls.at(-1))
  return reply
}

/** Equal texts are equal values, which is nearly always and fast; others are compared, and reported, by value. */
function assertSameJson(actual: string, expected: string): void {
  if (actual !== expected) assert.deepEqual(JSON.parse(actual), JSON.parse(expected))
}

const anyDelivery = deliveries(histories)

/** 1. No input throws, and what it leaves is still JSON. */
const totality = fc.property(anyDelivery, anyEvents, anyInput, (delivery, events, junk) => {
  const reply = begin(delivery.history)
  let index = 0
  deliver(reply, delivery, () => {
    reply.apply(events[index % events.length])
    index += 1
  })
  for (const event of events) reply.apply(event)
  reply.reconcile(junk)
  reply.reconcile([junk], { sessions: junk, permissions: junk, questions: junk, todos: junk })
  reply.outcome()
  reply.isBlocked()
  assert.deepEqual(throughJson(reply.result()), reply.result())
  assert.deepEqual(throughJson(reply.view()), reply.view())
  assert.deepEqual(throughJson(parseReply(throughJson(reply))), throughJson(reply))
})

/** 2. Applying any event again, at once or at any later time, changes nothing. */
const idempotence = fc.property(
  anyDelivery,
  fc.infiniteStream(fc.nat()),
  ({ history, fates }, picks) => {
    const reply = begin(history)
    for (const [index, event] of history.events.entries()) {
      reply.apply(event)
      if (fates[index % fates.length] === 'poll') pollAll(reply, history.polls[index + 1])
      const before = JSON.stringify(reply)
      reply.apply(event)
      reply.apply(history.events[picks.next().value % (index + 1)])
      assertSameJson(JSON.stringify(reply), before)
    }
  },
)

/** 3. Whatever came before, a full poll at the end gives what the poll alone gives, plus what only the stream reported. */
const convergence = fc.property(anyDelivery, (delivery) => {
  const reply = begin(delivery.history)
  deliver(reply, delivery)
  pollAll(reply, delivery.history.polls.at(-1))
  const alone = pollAlone(delivery.history)
  assert.deepEqual(storedPart(kept(reply.view(), alone.view())), storedPart(alone.view()))
  for (const idle of [true, false]) assert.deepEqual(verdict(reply, idle), verdict(alone, idle))
})

/** Text that was seen and never stated is kept when the server denies its part; a poll alone cannot know of it. */
function kept(view: ReplyView, alone: ReplyView): ReplyView {
  const ids = new Set([alone, ...alone.children].flatMap(({ parts }) => parts.map(({ id }) => id)))
  const isKnown = (part: ReplyPart): boolean => !('final' in part) || part.final || ids.has(part.id)
  const children = view.children.map((child) => ({ ...child, parts: child.parts.filter(isKnown) }))
  return { ...view, children, parts: view.parts.filter(isKnown) }
}

/** 3b. Text that subscribers saw is never gone: it is in its part, unless the server restated or removed the part. */
const nothingLost = fc.property(histories, (history) => {
  const reply = begin(history)
  const seen = new Map<string, string>()
  reply.observe({
    textDelta: ({ partId, delta }) => void seen.set(partId, (seen.get(partId) ?? '') + delta),
    partFinished: ({ part }) => void seen.delete(part.id),
    partRemoved: ({ partId }) => void seen.delete(partId),
  })
  for (const event of history.events) reply.apply(event)
  pollAll(reply, history.polls.at(-1))
  for (const [id, text] of seen) {
    const part = reply.part(id)
    assert.ok(part !== null && 'text' in part, id)
    assert.equal(part.text, text)
  }
})

/** 4. JSON there and back is identity at every moment, also for what comes afterwards. */
const roundTrip = fc.property(deliveries(storableHistories), fc.nat(), (delivery, seed) => {
  let reply = begin(delivery.history)
  const twin = begin(delivery.history)
  const { events, polls } = delivery.history
  for (const [index, event] of events.entries()) {
    reply.apply(event)
    twin.apply(event)
    if ((index + seed) % 7 === 0) {
      pollAll(reply, polls[index + 1])
      pollAll(twin, polls[index + 1])
    }
    if ((index + seed) % 3 > 0) continue
    reply = parseReply(throughJson(reply))
    assertSameJson(JSON.stringify(reply), JSON.stringify(twin))
    assertSameJson(JSON.stringify(reply.view()), JSON.stringify(twin.view()))
    assertSameJson(JSON.stringify(reply.result()), JSON.stringify(twin.result()))
  }
})

/** 4c. A stored reply holds no bytes of files, and a poll brings them back. */
const bytes = fc.property(anyDelivery, (delivery) => {
  const reply = begin(delivery.history)
  deliver(reply, delivery)
  const copy = parseReply(JSON.stringify(reply))
  assert.ok(!JSON.stringify(copy).includes('base64'))
  for (const each of [reply, copy]) pollAll(each, delivery.history.polls.at(-1))
  assert.deepEqual({ ...copy.view(), revision: 0 }, { ...reply.view(), revision: 0 })
})

/** 4b. A stored reply that was damaged is refused, or works like any other. */
const damage = fc.property(
  anyDelivery,
  fc.infiniteStream(fc.nat()),
  anyInput,
  (delivery, path, junk) => {
    const reply = begin(delivery.history)
    deliver(reply, delivery)
    const read = readAgain(damaged(throughJson(reply), path, junk))
    if (read === null) return
    deliver(read, delivery)
    pollAll(read, delivery.history.polls.at(-1))
    read.outcome({ sessionIdle: true })
    read.isBlocked()
    JSON.stringify([read.result(), read.view(), read])
  },
)

function readAgain(json: unknown): Reply | null {
  try {
    return parseReply(json)
  } catch (error) {
    assert.ok(SnapshotError.is(error))
    return null
  }
}

/** 5. What observers receive, folded, is the state; also when a slow reader gets it merged. */
const observation = fc.property(anyDelivery, fc.nat(), (delivery, seed) => {
  const reply = begin(delivery.history)
  let told: ReplyView = reply.view()
  let merged: ReplyView = reply.view()
  const waiting = new ChangeQueue()
  reply.observe({
    changed(change) {
      assert.equal(change.revision, told.revision + 1)
      told = foldChange(told, change)
      waiting.push(change)
    },
  })
  let step = seed
  deliver(reply, delivery, () => {
    assert.deepEqual(told, reply.view())
    step += 1
    if (step % 4 > 0) return
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift())
      merged = foldChange(merged, each)
    assert.deepEqual(merged, reply.view())
  })
  pollAll(reply, delivery.history.polls.at(-1))
  assert.deepEqual(told, reply.view())
})

/** 5b. What leads from any view to any other, folded into the first, gives the second. */
const differences = fc.property(anyDelivery, anyDelivery, fc.nat(), (delivery, other, seed) => {
  const reply = begin(delivery.history)
  const views: ReplyView[] = [reply.view()]
  let step = seed
  deliver(reply, delivery, () => {
    step += 1
    if (step % 3 === 0) views.push(reply.view())
  })
  const stranger = begin(other.history)
  deliver(stranger, other)
  views.push(reply.view(), stranger.view())
  const copies = views.map((view) => throughJson(view) as ReplyView)
  for (const [index, view] of views.entries()) {
    const back = copies[Math.max(0, index - 2)] ?? view
    assertLeads(back, view)
    assertLeads(view, back)
  }
})

function assertLeads(from: ReplyView, to: ReplyView): void {
  const changes = changesBetween(from, to)
  let { revision } = from
  let view = from
  for (const change of changes) {
    revision += 1
    view = foldChange(view, { ...change, revision })
  }
  assert.deepEqual(throughJson({ ...view, revision: 0 }), throughJson({ ...to, revision: 0 }))
}

/** 7. The cost is the sum over the server's messages, each counted once, and each sub-agent's is its own part of it. */
const cost = fc.property(anyDelivery, (delivery) => {
  const { history } = delivery
  const reply = begin(history)
  deliver(reply, delivery)
  pollAll(reply, history.polls.at(-1))
  const { cost: total, children } = reply.view()
  const sessions = [...(history.polls.at(-1)?.messages.keys() ?? [])]
  assert.equal(total, serverCost(history, sessions))
  for (const child of children) assert.equal(child.cost, serverCost(history, [child.sessionId]))
})

function serverCost(history: History, sessions: readonly string[]): number {
  let sum = 0
  for (const session of sessions) {
    for (const message of history.polls.at(-1)?.messages.get(session) ?? []) {
      const { info } = Object(message)
      if (history.own.has(info.id)) sum += info.cost
    }
  }
  return sum
}

const foreignWords = ['the prompt', 'foreign', 'the sub prompt', 'Continue', earlierWord]

/** 8. Nothing of another session or of another prompt shows, and the prompt itself never does. */
const isolation = fc.property(anyDelivery, (delivery) => {
  const reply = begin(delivery.history)
  deliver(reply, delivery, () => {
    const shown = JSON.stringify([reply.view(), reply.result()])
    for (const word of foreignWords) assert.ok(!shown.includes(word), word)
  })
})

/** 8b. What names no message is of the turn that is on; this is only known to who hears all. */
const laterTurns = fc.property(histories, (history) => {
  const reply = begin(history)
  for (const [index, event] of history.events.entries()) {
    reply.apply(event)
    if (index % 7 === 0) pollAll(reply, history.polls[index + 1])
    const shown = JSON.stringify([reply.view(), reply.result()])
    const words = history.isJoined ? foreignWords : [...foreignWords, laterWord]
    for (const word of words) assert.ok(!shown.includes(word), word)
  }
})

/** 9. The turn has the answers that the list of the server gives it, and no text of an attempt that failed. */
const membership = fc.property(anyDelivery, (delivery) => {
  const { history } = delivery
  const reply = begin(history)
  deliver(reply, delivery)
  const last = history.polls.at(-1)
  pollAll(reply, last)
  const list = last?.messages.get(history.sessionId) ?? []
  const own = messagesOfTurn(history.promptId, list)
  const named = reply.view().messages.filter(({ sessionId }) => sessionId === history.sessionId)
  assert.deepEqual(named.map(({ id }) => id).sort(), [...own].sort())
  assert.ok(!reply.result().text.includes(attemptWord))
})

/** 10. A closed reply is over in every view, whatever is still reported, and stays so through JSON. */
const closing = fc.property(anyDelivery, fc.nat(), (delivery, moment) => {
  const { history } = delivery
  const { length } = history.events
  const early = { ...history, events: history.events.slice(0, moment % (length + 1)) }
  let reply = begin(history)
  deliver(reply, { ...delivery, history: early })
  reply.close()
  assertOver(reply)
  const stored = throughJson(reply)
  reply.close()
  assert.deepEqual(throughJson(reply), stored)
  reply = parseReply(stored)
  deliver(reply, delivery, () => assertOver(reply))
  pollAll(reply, history.polls.at(-1))
  assertOver(reply)
})

function assertOver(reply: Reply): void {
  const view = reply.view()
  assert.equal(reply.isBlocked(), false)
  assert.deepEqual(
    reply.asks.filter(({ state }) => state === 'open'),
    [],
  )
  for (const { status } of reply.result().tools) assert.ok(!['pending', 'running'].includes(status))
  for (const idle of [true, false])
    assert.notEqual(reply.outcome({ sessionIdle: idle }).state, 'running')
  for (const part of [view, ...view.children].flatMap(({ parts }) => parts)) {
    if (part.kind === 'tool') for (const { state } of part.asks) assert.notEqual(state, 'open')
    if (part.kind === 'ask') assert.notEqual(part.ask.state, 'open')
  }
  for (const part of toUiMessage(reply).parts) {
    if (part.type === 'dynamic-tool') assert.ok(part.state.startsWith('output-'), part.state)
  }
}

/**
 * 11. Written piece by piece, a reply is the same text as written at once. Seldom asked, it has more than one change to
 * catch up with, of more than one kind.
 */
const serialisation = fc.property(
  anyDelivery,
  anyEvents,
  fc.infiniteStream(fc.nat(3)),
  (delivery, events, skips) => {
    let reply = begin(delivery.history)
    const check = (): void => {
      assertSameJson(reply.serialize(), JSON.stringify(reply))
    }
    let index = 0
    deliver(reply, delivery, () => {
      if (skips.next().value === 0) check()
      if (skips.next().value === 0) reply.apply(events[index++ % events.length])
    })
    check()
    reply = parseReply(reply.serialize())
    check()
    reply.note({ type: 'told', data: null })
    reply.close()
    check()
    pollAll(reply, delivery.history.polls.at(-1))
    check()
  },
)

/** The laws by name; every one is run by `npm run laws` and, with fewer cases, by the tests. */
export const laws: readonly Law[] = [
  { name: '1 no input throws', property: totality },
  { name: '2 an event applied again changes nothing', property: idempotence },
  { name: '3 any delivery that ends with a full poll equals the poll', property: convergence },
  { name: '3b text that was seen is never gone', property: nothingLost },
  { name: '4 JSON there and back is identity at every prefix', property: roundTrip },
  { name: '4b a damaged stored reply is refused or works', property: damage },
  { name: '4c a stored reply holds no bytes of files', property: bytes },
  { name: '5 what observers receive, folded, is the state', property: observation },
  {
    name: '5b what is between two views, folded, leads from one to the other',
    property: differences,
  },
  { name: '6 UI chunks read by the AI SDK equal the result', property: uiMessages },
  { name: '7 the cost is the sum over the messages of the server', property: cost },
  { name: '8 what is foreign never shows', property: isolation },
  { name: '8b what is of a later turn never shows', property: laterTurns },
  { name: '9 the turn has the answers that the server gives it', property: membership },
  { name: '10 a closed reply is over', property: closing },
  { name: '11 written piece by piece is written at once', property: serialisation },
]
