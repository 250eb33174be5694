import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'
import { describe, it } from 'mocha'

import { startOpencode } from '../src/opencode.js'

describe('startOpencode', () => {
  it('has ended the process when an aborted start fails', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'testkit-start-'))
    const [binary, note] = [join(folder, 'opencode'), join(folder, 'pid')]
    await writeFile(binary, `#!/bin/sh\necho $$ > ${note}\nexec sleep 30\n`, { mode: 0o700 })
    const stop = new AbortController()
    const { signal } = stop
    const starting = startOpencode({ model: 'http://127.0.0.1:1/v1', binary, signal })
    const failed = starting.catch((reason: unknown) => reason)
    let pid = 0
    for (const deadline = Date.now() + 5000; pid === 0 && Date.now() < deadline;) {
      pid = Number(await readFile(note, 'utf8').catch(() => '0'))
    }
    stop.abort('enough')
    expect(await failed).to.equal('enough')
    expect(pid).to.be.above(1)
    expect(() => process.kill(pid, 0)).to.throw('ESRCH')
    await rm(folder, { recursive: true })
  })

  /** Prints the line of readiness, and has a command under way in a group of its own. */
  const fake = `#!/bin/sh
setsid sleep 60 &
echo $! > "$HOME/child"
echo "opencode server listening on http://127.0.0.1:1"
exec sleep 60
`
  const isGone = async (pid: number): Promise<boolean> => {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline;) {
      try {
        process.kill(pid, 0)
      } catch {
        return true
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    return false
  }
  const startRun = async (
    binary: string,
  ): Promise<{ run: ChildProcess; pid: number; folder: string }> => {
    const script = fileURLToPath(new URL('support/start-and-wait.ts', import.meta.url))
    const run = spawn(process.execPath, [...process.execArgv, script, binary], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const line = await new Promise<string>((resolve, reject) => {
      run.stdout?.on('data', (chunk: Buffer) => resolve(chunk.toString()))
      run.once('exit', () => reject(new Error('the run ended before it had a server')))
    })
    return { run, ...(JSON.parse(line) as { pid: number; folder: string }) }
  }
  const itOnLinux = process.platform === 'linux' ? it : it.skip

  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGKILL'] as const) {
    itOnLinux(`leaves no process and no folder when its test run ends by ${signal}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'testkit-orphan-'))
      const binary = join(folder, 'opencode')
      await writeFile(binary, fake, { mode: 0o700 })
      const { run, pid, folder: data } = await startRun(binary)
      const child = Number(await readFile(join(data, 'home', 'child'), 'utf8'))
      run.kill(signal)
      expect(await isGone(pid), 'the server').to.equal(true)
      expect(await isGone(child), 'what it started').to.equal(true)
      for (const deadline = Date.now() + 10_000; existsSync(data) && Date.now() < deadline;) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(existsSync(data), data).to.equal(false)
      await rm(folder, { recursive: true })
    })
  }

  itOnLinux('keeps its data folder when the server is killed and started again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'testkit-keep-'))
    const binary = join(folder, 'opencode')
    await writeFile(binary, fake, { mode: 0o700 })
    const server = await startOpencode({ model: 'http://127.0.0.1:1/v1', binary })
    const child = Number(await readFile(join(server.dataDir, 'home', 'child'), 'utf8'))
    await server.restart()
    expect(await isGone(child)).to.equal(true)
    expect(existsSync(server.dataDir)).to.equal(true)
    await server.close()
    expect(existsSync(server.dataDir)).to.equal(false)
    await rm(folder, { recursive: true })
  })
})
