import { createManualClock, on, reply, startImpostor, text, tool } from '@turnstead/testkit'
import { createClient, createMessageId, createPartId } from '@turnstead/wire'
import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'

import { createChangeSet, type ChangeBatch, type ChangeKind } from '../src/watch/change-set.js'
import type { EventSource } from '../src/watch/options.js'
import { toChange } from '../src/watch/server-events.js'
import { createWorkspaceWatch, type WorkspaceWatch } from '../src/watch.js'
import { rejectionOf } from './support/thrown.js'

type Item = { readonly type: string; readonly properties?: unknown }

/** A stream of events in a test's hands; each subscription is one more. */
function createSource(): {
  readonly source: EventSource
  readonly send: (item: Item) => void
  readonly fail: (error: unknown) => void
  readonly subscriptions: () => number
  readonly open: () => number
} {
  let count = 0
  let open = 0
  let deliver: ((item: Item | Error) => void) | null = null
  const source: EventSource = {
    subscribe: () => {
      count += 1
      open += 1
      const items: (Item | Error)[] = []
      let wake = (): void => {}
      deliver = (item) => {
        items.push(item)
        wake()
      }
      const iterator: AsyncIterator<Item> = {
        next: async () => {
          while (items.length === 0) await new Promise<void>((resolve) => (wake = resolve))
          const item = items.shift()
          if (item === undefined) throw new Error('There is nothing.')
          if (item instanceof Error) throw item
          return { done: false, value: item }
        },
        return: async () => {
          open -= 1
          return { done: true, value: undefined }
        },
      }
      return { [Symbol.asyncIterator]: () => iterator }
    },
  }
  const send = (item: Item | Error): void => deliver?.(item)
  return {
    source,
    send,
    fail: (error) => send(error as Error),
    subscriptions: () => count,
    open: () => open,
  }
}

const updated = (file: string, event: string): Item => ({
  type: 'file.watcher.updated',
  properties: { file, event },
})

async function next(changes: AsyncIterable<ChangeBatch>): Promise<ChangeBatch> {
  const step = await changes[Symbol.asyncIterator]().next()
  if (step.done === true) throw new Error('The loop has ended.')
  return step.value
}

describe('createWorkspaceWatch by the events of a server', () => {
  it('passes on what a workspace elsewhere tells, as one change for each file', async () => {
    const impostor = await startImpostor(
      on(
        'go',
        reply(
          tool.write({ filePath: 'a.txt', content: 'one' }),
          tool.write({ filePath: 'deep/b.txt', content: 'one' }),
          text('Better.'),
          tool.edit({ filePath: 'a.txt', oldString: 'one', newString: 'two' }),
          text('Done.'),
        ),
      ),
    )
    const client = createClient({ baseUrl: impostor.url, directory: '/workspace' })
    const clock = createManualClock()
    const watch = createWorkspaceWatch({
      agentDirectory: '/workspace',
      events: client.events,
      clock,
    })
    const changes = watch.subscribe()
    await changes.ready
    const told = client.events.subscribe()
    await told.ready
    const { id } = await client.session.create({})
    await client.prompt.send(id, {
      messageID: createMessageId(),
      parts: [{ id: createPartId(), type: 'text', text: 'go' }],
    })
    for await (const event of told) if (event.type === 'session.idle') break
    await clock.untilPending(1)
    await clock.advance(100)
    expect(await next(changes)).to.deep.equal({
      changes: [
        { path: 'a.txt', kind: 'added' },
        { path: 'deep/b.txt', kind: 'added' },
      ],
      truncated: false,
    })
    await watch.close()
    await client.close()
    await impostor.close()
  })

  async function start(
    options: { readonly onError?: (error: unknown) => void } = {},
  ): Promise<ReturnType<typeof createSource> & { watch: WorkspaceWatch; clock: typeof clock }> {
    const made = createSource()
    const clock = createManualClock()
    const watch = createWorkspaceWatch({
      ...{ agentDirectory: '/workspace', events: made.source, clock },
      ...options,
    })
    return { ...made, watch, clock }
  }

  it('begins again when the stream fails or ends, and says that something may be missing', async () => {
    const errors: unknown[] = []
    const { watch, clock, send, fail, subscriptions, open } = await start({
      onError: (error) => errors.push(error),
    })
    const changes = watch.subscribe()
    await changes.ready
    fail(new Error('lost'))
    await clock.untilPending(2)
    expect(errors.map(String)).to.deep.equal(['Error: lost'])
    expect(clock.nextInMs).to.equal(500)
    await clock.advance(500)
    await clock.advance(100)
    expect(await next(changes)).to.deep.equal({ changes: [], truncated: true })
    send(updated('/workspace/a.txt', 'unlink'))
    await clock.untilPending(1)
    await clock.advance(100)
    expect((await next(changes)).changes).to.deep.equal([{ path: 'a.txt', kind: 'removed' }])
    send({ type: 'gap' })
    await clock.untilPending(1)
    await clock.advance(100)
    expect((await next(changes)).truncated).to.equal(true)
    expect(subscriptions()).to.equal(2)
    await watch.close()
    expect(open()).to.equal(0)
    expect(clock.pending).to.equal(0)
  })

  it('leaves a source that does not heed its signal', async () => {
    const { watch, subscriptions, open } = await start()
    const aborting = new AbortController()
    const changes = watch.subscribe({ signal: aborting.signal })
    await changes.ready
    const waiting = rejectionOf(next(changes))
    aborting.abort(new Error('enough'))
    expect(String(await waiting)).to.equal('Error: enough')
    await watch.close()
    expect(open()).to.equal(0)
    expect(subscriptions()).to.equal(1)
  })

  it('takes nothing outside the workspace, and nothing malformed', () => {
    const seen = [
      updated('/workspace/a/../b.txt', 'add'),
      updated('/workspace/../etc/passwd', 'add'),
      updated('/workspace-2/a', 'add'),
      updated('/workspace', 'add'),
      updated('../a', 'add'),
      updated('a\0', 'add'),
      updated('', 'add'),
      updated('/workspace/a', 'renamed'),
      { type: 'file.edited', properties: { file: '/workspace/c' } },
      { type: 'file.edited', properties: { file: 7 } },
      { type: 'file.edited' },
      { type: 'session.idle', properties: { file: '/workspace/a' } },
    ].map((item) => toChange(item, ['/workspace']))
    expect(seen.filter((each) => each !== null)).to.deep.equal([
      { path: 'b.txt', kind: 'added' },
      { path: 'c', kind: 'changed' },
    ])
  })
})

describe('createChangeSet', () => {
  it('tells of each file what a look before and a look after would', () => {
    const file = fc.constantFrom('a', 'b', 'c')
    const step = fc.record({ file, take: fc.boolean() })
    fc.assert(
      fc.property(fc.subarray(['a', 'b', 'c']), fc.array(step), (initial, steps) => {
        const set = createChangeSet(100)
        let version = 0
        const now = new Map<string, number>(initial.map((name) => [name, version]))
        let before = new Map(now)
        for (const [index, { file: name, take }] of steps.entries()) {
          version += 1
          const isThere = now.has(name)
          const isRemoved = isThere && index % 2 === 0
          const kind: ChangeKind = !isThere ? 'added' : isRemoved ? 'removed' : 'changed'
          if (isRemoved) now.delete(name)
          else now.set(name, version)
          set.add({ changes: [{ path: name, kind }], truncated: false })
          if (!take) continue
          const batch = set.take()
          const held = new Set(before.keys())
          for (const change of batch?.changes ?? []) {
            expect(held.has(change.path)).to.equal(change.kind !== 'added')
            if (change.kind === 'removed') held.delete(change.path)
            else held.add(change.path)
          }
          expect([...held].sort()).to.deep.equal([...now.keys()].sort())
          for (const [path, at] of now) {
            const isTold = batch?.changes.some((change) => change.path === path) === true
            expect(isTold).to.equal(before.get(path) !== at)
          }
          before = new Map(now)
        }
      }),
    )
  })
})
