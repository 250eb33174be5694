import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startImpostor } from '@turnstead/testkit'
import { machineFactor } from '@turnstead/testkit/opencode'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { isRunning } from './support/chat-process.js'

describe('the processes of these tests', function () {
  this.timeout(60_000 * machineFactor())

  it('end when the test run that started them is killed', async () => {
    const impostor = await startImpostor()
    const dataDir = await mkdtemp(join(tmpdir(), 'turnstead-left-'))
    const starter = new URL('support/chat-process.ts', import.meta.url).href
    const options = { dataDir, env: { OPENCODE_BASE_URL: impostor.url } }
    const code = `
      const { startChatProcess } = await import(${JSON.stringify(starter)})
      console.log((await startChatProcess(${JSON.stringify(options)})).pid)`
    const run = spawn(
      process.execPath,
      [...['--conditions=@turnstead/source', '--import=tsx'], '--input-type=module', '-e', code],
      {
        // Under npm the application looks by itself whether npm is there.
        env: { ...process.env, npm_lifecycle_event: undefined },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const [printed] = await once(run.stdout, 'data')
    const pid = Number(printed)
    expect(isRunning(pid)).to.equal(true)
    run.kill('SIGKILL')
    // Left alone it would end as well, but only when it next has something to print.
    const until = Date.now() + 5_000 * machineFactor()
    while (isRunning(pid) && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(isRunning(pid)).to.equal(false)
    await impostor.close()
    await rm(dataDir, { recursive: true, force: true })
  })
})
