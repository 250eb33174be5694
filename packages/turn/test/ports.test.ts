import {
  createMessageArtifacts,
  type CollectReport,
  type MessageArtifacts,
} from '@turnstead/artifacts'
import { createMemoryStore } from '@turnstead/artifacts/memory'
import type { SessionStore } from '@turnstead/session'
import { on, providerError, reply, text, tool } from '@turnstead/testkit'
import type { Client } from '@turnstead/wire'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { type ArtifactCollector, runTurn, type TurnClient, type TurnStore } from '../src/index.js'
import { dyingPorts } from './support/dying-ports.js'
import { openRig, type Rig } from './support/rig.js'

// The compiler is the test: the packages that turn is made for fit its ports as they are.
null as unknown as Client satisfies TurnClient
null as unknown as SessionStore satisfies TurnStore
null as unknown as MessageArtifacts satisfies ArtifactCollector<CollectReport>

describe('the ports of runTurn', () => {
  let rig: Rig
  afterEach(() => rig.close())

  it('hand over the tools of a turn that failed, again in the next job when the collector failed, and then no more', async () => {
    const written = tool.write({ filePath: 'notes.txt', content: 'the bytes' })
    rig = await openRig(on('Write it', reply(written, providerError({ status: 401 }))))
    const turnId = await rig.rows.addMessage()
    const options = rig.options(turnId, 'Write it')
    const seen: number[] = []
    let isBroken = true
    const collect = async (request: { tools: readonly unknown[] }): Promise<number> => {
      if (isBroken) throw new Error('disk full')
      return seen.push(request.tools.length)
    }
    const failed = await runTurn({ ...options, artifacts: { collect } })
    expect(failed).to.deep.include({ status: 'failed', artifacts: null })

    isBroken = false
    for (const _job of ['next', 'one more']) await runTurn({ ...options, artifacts: { collect } })
    expect(seen).to.deep.equal([1])
  })

  it('leave the files to the next worker when the process is to leave', async () => {
    const written = tool.write({ filePath: 'notes.txt', content: 'the bytes' })
    rig = await openRig(on('Write it', reply(written, text('Written.'))))
    const turnId = await rig.rows.addMessage()
    const leave = new AbortController()
    const collect = (): Promise<never> => {
      leave.abort()
      return new Promise(() => undefined)
    }
    const options = rig.options(turnId, 'Write it')
    const result = await runTurn({ ...options, signal: leave.signal, artifacts: { collect } })
    expect(result).to.deep.include({ status: 'completed', artifacts: null })
    expect((await rig.rows.store.read(turnId))?.closedAt).to.equal(null)
    const seen: number[] = []
    const again = async ({ tools }: { tools: readonly unknown[] }): Promise<number> =>
      seen.push(tools.length)
    await runTurn({ ...options, artifacts: { collect: again } })
    expect(seen).to.deep.equal([1])
  })

  it('say of a row that someone else ended during the terminal write that it is settled', async () => {
    rig = await openRig(on('Hello', reply(text('Hello.'))))
    const turnId = await rig.rows.addMessage()
    const settle = async (): Promise<boolean> => {
      await rig.rows.database
        .knex('messages')
        .where({ id: turnId })
        .update({ turn_status: 'failed', turn_settled_at: Date.now() })
      return false
    }
    const options = rig.options(turnId, 'Hello', { store: { ...rig.rows.store, settle } })
    expect(await runTurn(options)).to.include({
      status: 'skipped',
      reason: 'settled',
      mustRunAgain: false,
    })
  })

  it('hand the tools of the reply to the collector, also when a crash came before it', async () => {
    rig = await openRig(
      on(
        'Write it',
        reply(tool.write({ filePath: 'notes.txt', content: 'the bytes' }), text('Written.')),
      ),
    )
    const store = createMemoryStore()
    const artifacts = createMessageArtifacts({
      store,
      agentDirectory: rig.impostor.directory,
      reader: rig.client.fs,
    })
    const turnId = await rig.rows.addMessage()
    const client = rig.connect()
    const death = { after: 'store.settle', losesLast: true }
    const ports = dyingPorts({ client, store: rig.rows.store }, death)
    const dying = { client: ports.client, store: ports.store, artifacts }
    void runTurn(rig.options(turnId, 'Write it', dying))
    await ports.died

    const restarted = { store: rig.rows.anotherStore(), artifacts }
    const again = await runTurn(rig.options(turnId, 'Write it', { ...restarted, onBusy: 'wait' }))
    expect(again.status).to.equal('skipped')
    const names: string[] = []
    for await (const artifact of artifacts.list(turnId)) {
      const found = await store.get(artifact.key)
      const chunks: Uint8Array[] = []
      for await (const chunk of found?.body ?? []) chunks.push(chunk as Uint8Array)
      names.push(`${artifact.name}: ${Buffer.concat(chunks).toString()}`)
    }
    expect(names).to.deep.equal(['notes.txt: the bytes'])
  })
})
