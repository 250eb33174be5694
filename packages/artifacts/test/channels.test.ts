import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { mkdir, writeFile } from 'node:fs/promises'
import type { TracingChannel } from 'node:diagnostics_channel'
import { join } from 'node:path'

import { channels, createMessageArtifacts, parseArtifactKey } from '../src/index.js'
import { createDiskStore } from '../src/disk.js'
import { createMemoryStore } from '../src/memory.js'
import { makeTempDir } from './support/temp-dir.js'
import { writeCall } from './support/tool-calls.js'

const secret = 'hunter2'

describe('the tracing channels', () => {
  let temp: string
  let remove: () => Promise<void>
  let seen: string[]
  let leave: (() => void)[]

  beforeEach(async () => {
    seen = []
    leave = []
    const made = await makeTempDir()
    temp = made.path
    remove = made.remove
  })
  afterEach(async () => {
    for (const each of leave) each()
    await remove()
  })

  function subscribe(name: keyof typeof channels): void {
    const on = (event: string) => (context: object) =>
      void seen.push(`${event} ${JSON.stringify(context)}`)
    const subscribers = {
      start: on('start'),
      end: () => {},
      asyncStart: () => {},
      asyncEnd: on('asyncEnd'),
      error: on('error'),
    }
    const channel = channels[name] as unknown as TracingChannel<object, object>
    channel.subscribe(subscribers)
    leave.push(() => channel.unsubscribe(subscribers))
  }

  it('tell of a collection by counts, and nothing of the files', async () => {
    const directory = join(temp, 'agent')
    await mkdir(directory)
    await writeFile(join(directory, `${secret}.txt`), secret)
    const artifacts = createMessageArtifacts({ store: createMemoryStore(), directory })
    const tools = [writeCall(`${secret}.txt`, secret), writeCall('../out.txt', secret)]
    subscribe('collect')
    await artifacts.collect({ turnId: 7, conversationId: 3, tools })
    const start = '{"turnId":7,"conversationId":3,"tools":2'
    expect(seen).to.deep.equal([
      `start ${start}}`,
      `asyncEnd ${start},"kept":1,"keptBytes":7,"found":0,"rendered":0,"dropped":{"outside_directory":1}}`,
    ])
  })

  it('tell of what a store is given, and why it does not take it', async () => {
    subscribe('put')
    const key = parseArtifactKey(`uploads/${secret}`)
    for (const store of [createMemoryStore(), createDiskStore({ root: join(temp, 'store') })]) {
      await store.put(key, Buffer.from(secret))
      await store.put(key, Buffer.from(secret), { ifAbsent: true }).catch(() => undefined)
    }
    const ends = seen.filter((each) => each.startsWith('asyncEnd'))
    expect(ends).to.deep.equal([
      'asyncEnd {"store":"memory","sizeBytes":7}',
      'asyncEnd {"store":"memory","errorCode":"already_exists"}',
      'asyncEnd {"store":"disk","sizeBytes":7}',
      'asyncEnd {"store":"disk","errorCode":"already_exists"}',
    ])
    expect(seen.join()).not.to.include(secret)
  })
})
