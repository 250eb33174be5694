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
import { runTurn, type ArtifactCollector, type TurnClient, type TurnStore } from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

// The compiler is the test: the packages that turn is made for fit its ports as they are.
null as unknown as Client satisfies TurnClient
null as unknown as SessionStore satisfies TurnStore
null as unknown as MessageArtifacts satisfies ArtifactCollector<CollectReport>

describe('the ports of runTurn', () => {
  let rig: Rig
  afterEach(() => rig.close())

  it('hand over the tools of a turn that failed later, in the same job and in the next', async () => {
    const written = tool.write({ filePath: 'notes.txt', content: 'the bytes' })
    rig = await openRig(on('Write it', reply(written, providerError({ status: 401 }))))
    const turnId = await rig.rows.addMessage()
    const options = rig.options(turnId, 'Write it')
    const artifacts: ArtifactCollector<number> = { collect: async ({ tools }) => tools.length }
    const failed = await runTurn({ ...options, artifacts })
    expect(failed).to.deep.include({ status: 'failed', artifacts: 1 })

    const seen: number[] = []
    const collect = async (request: { tools: readonly unknown[] }): Promise<void> =>
      void seen.push(request.tools.length)
    await runTurn({ ...options, artifacts: { collect } })
    expect(seen).to.deep.equal([1])
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
    const crashed = await runTurn({ ...rig.options(turnId, 'Write it') })
    expect(crashed.status).to.equal('completed')

    const again = await runTurn({ ...rig.options(turnId, 'Write it'), artifacts })
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
