import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { createMessageArtifacts, type MessageArtifacts } from '../src/collect/message-artifacts.js'
import { createMemoryStore } from '../src/memory.js'
import type { ArtifactStore } from '../src/store/store.js'
import { readText } from './support/read-text.js'
import { makeTempDir } from './support/temp-dir.js'
import { editCall, patchCall, writeCall } from './support/tool-calls.js'

describe('createMessageArtifacts', () => {
  let directory: string
  let remove: () => Promise<void>
  let store: ArtifactStore
  let artifacts: MessageArtifacts

  beforeEach(async () => {
    const temp = await makeTempDir()
    directory = temp.path
    remove = temp.remove
    store = createMemoryStore()
    artifacts = createMessageArtifacts({ store, directory })
  })

  afterEach(async () => remove())

  async function put(path: string, content: string): Promise<void> {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }

  it('keeps what write made, with name, path, type, digest and provenance', async () => {
    await put('reports/summary.md', '# Hello\n')
    const tools = [writeCall(join(directory, 'reports/summary.md'), '# Hello\n', { callId: 'c1' })]
    const report = await artifacts.collect({ turnId: 7, conversationId: 'conv', tools })
    expect(report.dropped).to.deep.equal([])
    expect(report.kept).to.have.length(1)
    const [artifact] = report.kept
    expect(artifact).to.include({
      turnId: '7',
      conversationId: 'conv',
      path: 'reports/summary.md',
      name: 'summary.md',
      contentType: 'text/markdown; charset=utf-8',
      sizeBytes: 8,
      trusted: false,
    })
    expect(artifact?.provenance).to.deep.equal({
      source: 'disk',
      tool: 'write',
      callId: 'c1',
      sessionId: null,
    })
    expect(await readText(store, artifact)).to.equal('# Hello\n')
  })

  it('lets the bytes on the disk beat the input of write', async () => {
    await put('a.txt', 'final')
    const { kept } = await artifacts.collect({ turnId: 1, tools: [writeCall('a.txt', 'draft')] })
    expect(await readText(store, kept[0])).to.equal('final')
  })

  it('keeps a file that is larger than it keeps in memory', async () => {
    await put('big.txt', 'x'.repeat(3_000_000))
    const { kept } = await artifacts.collect({ turnId: 1, tools: [writeCall('big.txt', '')] })
    expect(await readText(store, kept[0])).to.equal('x'.repeat(3_000_000))
  })

  it('takes the last of several changes to one file, once', async () => {
    await put('a.txt', 'three')
    const tools = [
      writeCall('a.txt', 'one', { callId: 'c1' }),
      writeCall(join(directory, 'a.txt'), 'two', { callId: 'c2' }),
      editCall(join(directory, 'a.txt'), { callId: 'c3' }),
    ]
    const { kept } = await artifacts.collect({ turnId: 1, tools })
    expect(
      kept.map((each) => [each.path, each.provenance.tool, each.provenance.callId]),
    ).to.deep.equal([['a.txt', 'edit', 'c3']])
  })

  it('follows the additions, moves and deletions of apply_patch', async () => {
    await put('new.txt', 'added')
    await put('moved/seed2.txt', 'moved')
    await put('old.txt', 'still here')
    const tools = [
      writeCall('seed.txt', 'will move'),
      writeCall('gone.txt', 'will go'),
      patchCall(directory, [
        { type: 'add', path: 'new.txt' },
        { type: 'move', path: 'seed.txt', to: 'moved/seed2.txt' },
        { type: 'delete', path: 'gone.txt' },
        { type: 'update', path: 'old.txt' },
      ]),
    ]
    const { kept, dropped } = await artifacts.collect({ turnId: 1, tools })
    expect(dropped).to.deep.equal([])
    expect(kept.map((each) => each.path)).to.deep.equal(['new.txt', 'moved/seed2.txt', 'old.txt'])
  })

  it('keeps files of one name in different folders apart', async () => {
    await put('a/index.md', 'one')
    await put('b/index.md', 'two')
    const tools = [writeCall('a/index.md', ''), writeCall('b/index.md', '')]
    const { kept } = await artifacts.collect({ turnId: 1, tools })
    expect(kept.map((each) => each.path)).to.deep.equal(['a/index.md', 'b/index.md'])
    expect(new Set(kept.map((each) => each.key)).size).to.equal(2)
  })

  it('ignores calls that failed or are not done, and tools that write no file', async () => {
    await put('a.txt', 'x')
    const tools = [
      { ...writeCall('a.txt', 'x'), status: 'error' },
      { ...writeCall('a.txt', 'x'), status: 'running' },
      { tool: 'bash', status: 'completed', input: { command: 'ls' }, metadata: {} },
      { tool: 'read', status: 'completed', input: { filePath: 'a.txt' }, metadata: {} },
    ]
    expect(await artifacts.collect({ turnId: 1, tools })).to.deep.equal({
      kept: [],
      dropped: [],
    })
  })

  it('ignores what is no tool call', async () => {
    const tools = [null, 7, 'write', [], {}, { tool: 'write' }, { tool: 7, status: 'completed' }]
    expect(await artifacts.collect({ turnId: 1, tools })).to.deep.equal({
      kept: [],
      dropped: [],
    })
  })

  it('ignores calls that the server refused, though it reports them as completed', async () => {
    const input = { tool: 'write', error: "Model tried to call unavailable tool 'write'." }
    const tools = ['invalid', 'write', 'edit', 'apply_patch'].map((tool) => ({
      tool,
      status: 'completed',
      input,
      metadata: { truncated: false },
    }))
    expect(await artifacts.collect({ turnId: 1, tools })).to.deep.equal({
      kept: [],
      dropped: [],
    })
  })

  it('stores the same bytes once, however often and however concurrently it collects', async () => {
    await put('a.txt', 'one')
    const call = { turnId: 1, tools: [writeCall('a.txt', 'one')] }
    const reports = await Promise.all([1, 2, 3, 4].map(async () => artifacts.collect(call)))
    reports.push(await artifacts.collect(call))
    for (const report of reports) expect(report).to.deep.equal(reports[0])
    expect(await collectList(artifacts, 1)).to.have.length(1)
    await put('a.txt', 'two')
    await artifacts.collect(call)
    const listed = await collectList(artifacts, 1)
    expect(await Promise.all(listed.map(async (each) => readText(store, each)))).to.have.members([
      'one',
      'two',
    ])
  })

  it('lists, finds and removes the files of one message only', async () => {
    await put('b.txt', 'b')
    await put('a.txt', 'a')
    const tools = [writeCall('b.txt', 'b'), writeCall('a.txt', 'a')]
    const { kept } = await artifacts.collect({ turnId: 'msg_1', tools })
    await artifacts.collect({ turnId: 'msg_11', tools })
    const listed = await collectList(artifacts, 'msg_1')
    expect(listed.map((each) => each.path)).to.deep.equal(['a.txt', 'b.txt'])
    expect(listed).to.have.deep.members([...kept])
    const id = kept[0]?.id ?? ''
    expect(await artifacts.find('msg_1', id)).to.deep.equal(kept[0])
    expect(await artifacts.find('msg_2', id)).to.equal(null)
    expect(await artifacts.find('msg_1', `../msg_11/${id}`)).to.equal(null)
    expect(await artifacts.removeAll('msg_1')).to.equal(2)
    expect(await collectList(artifacts, 'msg_1')).to.deep.equal([])
    expect(await collectList(artifacts, 'msg_11')).to.have.length(2)
  })

  it('rejects with the reason of an abort', async () => {
    const reason = new Error('stopped')
    const call = { turnId: 1, tools: [], signal: AbortSignal.abort(reason) }
    expect(await artifacts.collect(call).catch((error: unknown) => error)).to.equal(reason)
  })
})

async function collectList(
  artifacts: MessageArtifacts,
  turnId: string | number,
): Promise<{ key: string; path: string; id: string }[]> {
  const all = []
  for await (const artifact of artifacts.list(turnId)) all.push(artifact)
  return all
}
