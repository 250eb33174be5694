import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { on, reply, startScriptedModel, text, tool, type ScriptedModel } from '@turnstead/testkit'
import {
  findOpencodeBinary,
  startOpencode,
  type RunningOpencode,
} from '@turnstead/testkit/opencode'
import { createClient, createMessageId, createPartId, type Client } from '@turnstead/wire'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'

import { createWorkspaceWatch, type ChangeBatch, type WatchOptions } from '../src/watch.js'

const binary = findOpencodeBinary()

describe('createWorkspaceWatch on the real server', function () {
  this.timeout(60_000)
  let model: ScriptedModel
  let server: RunningOpencode
  let client: Client

  before(async function () {
    if (binary === null) {
      console.warn('SKIPPED, the watch is not tested: no opencode binary for this platform.')
      this.skip()
    }
    model = await startScriptedModel([])
    server = await startOpencode({ model, binary })
    client = createClient({
      baseUrl: server.url,
      username: server.username,
      password: server.password,
      directory: server.directory,
    })
  })

  after(async () => {
    await client?.close()
    await server?.close()
    await model?.close()
  })

  /** What a watch tells of a turn, until it told of the last file. */
  async function seen(folder: string, options: WatchOptions): Promise<ChangeBatch['changes']> {
    const prompt = `Work in ${folder}`
    model.answer(
      on(
        prompt,
        reply(
          tool.bash({ command: `mkdir -p ${folder}/in && echo 1 > ${folder}/in/by-shell.txt` }),
          text('And now'),
          tool.write({ filePath: `${folder}/by-tool.txt`, content: '1' }),
          text('Done.'),
        ),
      ),
    )
    await using watch = createWorkspaceWatch(options)
    const changes = watch.subscribe()
    await changes.ready
    const { id } = await client.session.create({})
    const parts = [{ id: createPartId(), type: 'text' as const, text: prompt }]
    await client.prompt.send(id, { messageID: createMessageId(), parts })
    const all: ChangeBatch['changes'][number][] = []
    for await (const batch of changes) {
      expect(batch.truncated).to.equal(false)
      all.push(...batch.changes)
      if (all.some(({ path }) => path.endsWith('/by-tool.txt'))) break
    }
    return all.toSorted((one, other) => (one.path < other.path ? -1 : 1))
  }

  it('sees on a shared disk what tools, shells and others made', async () => {
    const { directory } = server
    await writeFile(join(directory, 'before.txt'), '')
    expect(await seen('one', { directory, events: client.events })).to.deep.equal([
      { path: 'one/by-tool.txt', kind: 'added' },
      { path: 'one/in/by-shell.txt', kind: 'added' },
    ])
  })

  it('sees elsewhere what the server tells: the files of its own tools', async () => {
    const { directory } = server
    expect(await seen('two', { agentDirectory: directory, events: client.events })).to.deep.equal([
      { path: 'two/by-tool.txt', kind: 'added' },
    ])
  })
})
