import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMessageArtifacts } from '@turnstead/artifacts'
import { createMemoryStore } from '@turnstead/artifacts/memory'
import { reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { opencodeTask } from '../src/index.js'
import { execute, lastOf, openRig } from './support/rig.js'

describe('the file that is a run’s result', () => {
  it('is what the collector of artifacts kept, or why it kept none', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'turnstead-files-'))
    const write = tool.write({ filePath: 'report.md', content: '# Report\n' })
    await using rig = await openRig(reply(write, text('Written.')), {
      directory,
      storage: 'disk',
      // The agent begins a minute after the other file was written.
      startMs: Date.now() + 60_000,
    })
    writeFileSync(join(directory, 'older.md'), 'of another run')
    const artifacts = createMessageArtifacts({
      store: createMemoryStore(),
      directory,
    })
    const task = opencodeTask({ client: rig.client, artifacts })
    const call = async (outputFile: string, toolCallId: string) => {
      const last = await lastOf(execute(task, { prompt: 'Write', outputFile }, { toolCallId }))
      return last.outputFile
    }
    const kept = await call('report.md', 'call-1')
    expect(kept).to.include({ path: 'report.md', isVerified: true, reason: null })
    expect(kept?.artifact).to.include({ path: 'report.md', sizeBytes: 9 })
    expect(await call('older.md', 'call-2')).to.include({ isVerified: false, artifact: null })
    expect((await call('../../etc/passwd', 'call-3'))?.isVerified).to.equal(false)
    rmSync(directory, { recursive: true, force: true })
  })
})
