import { expect } from 'chai'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { startServer } from '../../src/server.js'
import { reclaimDataDir } from '../../src/server/server-record.js'
import { createFakeOpencode, eventually, type FakeOpencode } from './support/fake-opencode.js'

const isLinux = process.platform === 'linux'
if (!isLinux) console.warn('orphan.test.ts needs /proc to prove that nothing is left')
const describeOnLinux = isLinux ? describe : describe.skip

describeOnLinux('a server whose host goes away', () => {
  let fake: FakeOpencode
  let hosts: ChildProcess[]

  beforeEach(() => {
    fake = createFakeOpencode()
    hosts = []
  })

  afterEach(async () => {
    for (const host of hosts) host.kill('SIGKILL')
    await eventually('no process of this test is left', async () => {
      return (await fake.processes()).length === 0
    })
    fake.remove()
  })

  /** Starts a host in its own process; resolves when its server is ready. */
  async function startHost(
    options: Record<string, unknown>,
    then = 'wait',
  ): Promise<{ host: ChildProcess; dataDir: string }> {
    const script = fileURLToPath(new URL('support/host.ts', import.meta.url))
    const given = { binary: fake.binary, directory: fake.folder, env: fake.env('detached-child') }
    const host = spawn(
      process.execPath,
      ['--import=tsx', script, JSON.stringify({ ...given, ...options }), then],
      { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TMPDIR: fake.folder } },
    )
    hosts.push(host)
    for await (const line of createInterface({ input: host.stdout })) {
      return { host, dataDir: (JSON.parse(line) as { dataDir: string }).dataDir }
    }
    throw new Error('the host ended before its server was ready')
  }

  it('leaves nothing that keeps a host from ending once it is closed', async () => {
    const { host } = await startHost({ supervise: true }, 'close')
    expect(await once(host, 'exit')).to.deep.equal([0, null])
  })

  it('goes with a host that exits normally, and so does its temporary folder', async () => {
    const { host, dataDir } = await startHost({})
    expect(await fake.processes()).to.have.lengthOf(2)
    host.stdin?.write('leave')
    await once(host, 'exit')

    await eventually('the server is gone', async () => (await fake.processes()).length === 0)
    expect(existsSync(dataDir)).to.equal(false)
  })

  it('is stopped by the next start on the same data folder when the host was killed', async () => {
    const { host } = await startHost({ dataDir: fake.dataDir })
    host.kill('SIGKILL')
    await once(host, 'exit')
    const orphans = await fake.processes()
    expect(orphans, 'the server and its child live on').to.have.lengthOf(2)

    const next = await startServer({
      binary: fake.binary,
      env: fake.env('ready'),
      dataDir: fake.dataDir,
    })
    expect(await fake.processes()).to.deep.equal([next.pid])
    await next.close()
  })

  it('is stopped by the next start of any server when its folder was a temporary one', async () => {
    const { host, dataDir } = await startHost({})
    host.kill('SIGKILL')
    await once(host, 'exit')
    expect(existsSync(dataDir)).to.equal(true)

    const before = process.env['TMPDIR']
    process.env['TMPDIR'] = fake.folder
    const next = await startServer({ binary: fake.binary, env: fake.env('ready') })
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    expect(await fake.processes()).to.deep.equal([next.pid])
    expect(existsSync(dataDir)).to.equal(false)
    await next.close()
  })

  it('is never confused with a stranger that got its process id', async () => {
    const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
    await mkdir(fake.dataDir)
    const record = join(fake.dataDir, 'turnstead-server.json')
    const ownerPid = 2 ** 22 + 1
    writeFileSync(
      record,
      JSON.stringify({
        mark: 'of-another-server',
        ownerPid,
        ownerIdentity: `gone/${ownerPid}`,
        pid: stranger.pid,
        identity: `an-earlier-boot/x/${stranger.pid}/1`,
      }),
    )
    const next = await startServer({
      binary: fake.binary,
      env: fake.env('ready'),
      dataDir: fake.dataDir,
    })
    expect(JSON.parse(readFileSync(record, 'utf8'))).to.include({ pid: next.pid })
    await next.close()

    expect(stranger.exitCode).to.equal(null)
    expect(stranger.signalCode).to.equal(null)
    stranger.kill('SIGKILL')
    await once(stranger, 'exit')
    expect(existsSync(record)).to.equal(false)
  })

  it('survives a damaged or hostile record: it prevents no start and stops no other process', async () => {
    await mkdir(fake.dataDir)
    // With process 0 a mistake would stop this test's own process group, and nothing else.
    const hostile = [0, 1.5, 2 ** 40].map((pid) => JSON.stringify({ pid, ownerPid: pid }))
    for (const text of ['{"pid":', 'null', '[]', ...hostile]) {
      writeFileSync(join(fake.dataDir, 'turnstead-server.json'), text)
      expect(reclaimDataDir(fake.dataDir, 'of-this-test'), text).to.equal(true)
    }
  })
})
