import assert from 'node:assert/strict'
import type { Notifier } from '../../notifier.js'

/** A notifier under test; every case gets a fresh one, with topics that no other case uses. */
export interface NotifierSubject {
  /** The notifier. */
  readonly notifier: Notifier
  /** The notifier as another process has it. */
  readonly another: () => Notifier
  /** A topic of this case alone. */
  readonly topic: string
  /** Cuts the connections that are there now; left out where there are none. */
  readonly interrupt?: () => Promise<void>
}

/** One promise of the contract. */
export interface NotifierCase {
  /** The promise, in the present tense. */
  readonly name: string
  /** Rejects when the promise is broken; never ends when a message that must come does not. */
  readonly run: (subject: NotifierSubject) => Promise<void>
}

type Heard = (string | null)[]

/** Messages as they arrive, and a way to wait for the next of them. */
interface Ear {
  readonly heard: Heard
  until(count: number): Promise<void>
  readonly stop: () => Promise<void>
}

async function listen(notifier: Notifier, topic: string): Promise<Ear> {
  const heard: Heard = []
  const waiting: (() => void)[] = []
  const stop = await notifier.listen(topic, (payload) => {
    heard.push(payload)
    for (const wake of waiting.splice(0)) wake()
  })
  return {
    heard,
    stop,
    async until(count) {
      while (heard.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}

const texts = ['', 'plain', '"quoted" \\ \n', 'ünïcödé 🧵', '{"type":"changed"}', '=', '!', "it's"]

/** Every case; each name is one promise. */
export const notifierContract: readonly NotifierCase[] = [
  {
    name: 'a message reaches who listens in this process and in another one, as it was sent',
    run: async ({ notifier, another, topic }) => {
      const here = await listen(notifier, topic)
      const there = await listen(another(), topic)
      for (const text of texts) await notifier.notify(topic, text)
      await Promise.all([here.until(texts.length), there.until(texts.length)])
      assert.deepEqual(here.heard, texts)
      assert.deepEqual(there.heard, texts)
    },
  },
  {
    name: 'messages of one sender arrive in order',
    run: async ({ notifier, another, topic }) => {
      const ear = await listen(another(), topic)
      const sent = Array.from({ length: 200 }, (_, index) => `${index}`)
      await Promise.all(sent.map((text) => notifier.notify(topic, text)))
      await ear.until(sent.length)
      assert.deepEqual(ear.heard, sent)
    },
  },
  {
    name: 'a message reaches no one who listens to another topic',
    run: async ({ notifier, another, topic }) => {
      const ear = await listen(another(), topic)
      for (const other of [`${topic}:live`, `${topic}1`, topic.slice(0, -1), topic.toUpperCase()]) {
        if (other !== topic) await notifier.notify(other, 'not for you')
      }
      await notifier.notify(topic, 'for you')
      await ear.until(1)
      assert.deepEqual(ear.heard, ['for you'])
    },
  },
  {
    name: 'each listener of a topic hears a message once, the same function twice when it listens twice',
    run: async ({ notifier, another, topic }) => {
      const calls: Heard = []
      const hear = (payload: string | null): void => void calls.push(payload)
      await notifier.listen(topic, hear)
      const stop = await notifier.listen(topic, hear)
      const ear = await listen(notifier, topic)
      const sender = another()
      await sender.notify(topic, 'one')
      await ear.until(1)
      assert.deepEqual(calls, ['one', 'one'])
      await stop()
      await sender.notify(topic, 'two')
      await ear.until(2)
      assert.deepEqual(calls, ['one', 'one', 'two'])
    },
  },
  {
    name: 'who has stopped hears nothing more, may stop again, and may listen again',
    run: async ({ notifier, another, topic }) => {
      const sender = another()
      const first = await listen(notifier, topic)
      await sender.notify(topic, 'one')
      await first.until(1)
      await first.stop()
      await first.stop()
      await sender.notify(topic, 'two')
      const second = await listen(notifier, topic)
      await sender.notify(topic, 'three')
      await second.until(1)
      assert.deepEqual(second.heard.slice(-1), ['three'])
      assert.deepEqual(first.heard, ['one'])
    },
  },
  {
    name: 'stopping and listening at once ends as it was asked last',
    run: async ({ notifier, another, topic }) => {
      for (let round = 0; round < 5; round += 1) {
        const old = await listen(notifier, topic)
        const [, ear] = await Promise.all([old.stop(), listen(notifier, topic)])
        await another().notify(topic, `round ${round}`)
        await ear.until(1)
        assert.deepEqual(ear.heard, [`round ${round}`])
        await ear.stop()
      }
    },
  },
  {
    name: 'a listener that fails keeps no other from its messages',
    run: async ({ notifier, another, topic }) => {
      await notifier.listen(topic, () => {
        throw new Error('a bug of the host')
      })
      const ear = await listen(notifier, topic)
      await another().notify(topic, 'one')
      await another().notify(topic, 'two')
      await ear.until(2)
      assert.deepEqual(ear.heard, ['one', 'two'])
    },
  },
  {
    name: 'a message that no one listens to is sent all the same',
    run: async ({ notifier, topic }) => {
      await notifier.notify(topic, 'to no one')
    },
  },
  {
    name: 'a long message arrives whole, or as null: never cut, and never not at all',
    run: async ({ notifier, another, topic }) => {
      const ear = await listen(another(), topic)
      const { maxPayloadBytes = 100_000 } = notifier
      const longest = 'x'.repeat(maxPayloadBytes)
      const sent = [longest, `${longest}x`, `${'ü'.repeat(Math.ceil(maxPayloadBytes / 2))}x`]
      for (const text of sent) await notifier.notify(topic, text)
      await ear.until(sent.length)
      assert.equal(ear.heard[0], longest)
      for (const [index, text] of ear.heard.entries()) {
        assert.ok(text === null || text === sent[index], 'whole or null')
      }
    },
  },
  {
    name: 'after its connections were cut, everyone who listens hears null, and then messages again',
    run: async ({ notifier, another, topic, interrupt }) => {
      if (interrupt === undefined) return
      const ears = [await listen(notifier, topic), await listen(notifier, `${topic}:live`)]
      await interrupt()
      await Promise.all(ears.map((ear) => ear.until(1)))
      for (const ear of ears) assert.deepEqual(ear.heard, [null])
      const sender = another()
      await untilSent(() => sender.notify(`${topic}:live`, 'again'))
      await ears[1]?.until(2)
      assert.deepEqual(ears[1]?.heard.slice(1), ['again'])
    },
  },
]

/** A sender may have lost its connection too: a message that was refused is sent again. */
async function untilSent(send: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await send()
    } catch {
      // Bounded by the time of the case.
    }
  }
}
