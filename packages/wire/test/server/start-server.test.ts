import { expect } from 'chai'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createManualClock } from '@turnstead/testkit'
import { WireError } from '../../src/errors.js'
import { startServer, type OpencodeServer, type ServerOptions } from '../../src/server.js'
import {
  createFakeOpencode,
  eventually,
  pidOf,
  type FakeMode,
  type FakeOpencode,
} from './support/fake-opencode.js'

const isLinux = process.platform === 'linux'
if (!isLinux) console.warn('start-server.test.ts needs /proc to prove that nothing is left')
const describeOnLinux = isLinux ? describe : describe.skip

describeOnLinux('startServer', () => {
  let fake: FakeOpencode
  let servers: OpencodeServer[]
  let exitListeners: number

  beforeEach(() => {
    fake = createFakeOpencode()
    servers = []
    exitListeners = process.listenerCount('exit')
  })

  afterEach(async () => {
    for (const server of servers) await server.close()
    await eventually('no process of this test is left', async () => {
      return (await fake.processes()).length === 0
    })
    expect(process.listenerCount('exit'), 'exit listeners').to.equal(exitListeners)
    fake.remove()
  })

  async function start(mode: FakeMode, options: ServerOptions = {}): Promise<OpencodeServer> {
    const env = { ...fake.env(mode), ...options.env }
    const { binary, folder: directory, dataDir } = fake
    const server = await startServer({ binary, directory, dataDir, ...options, env })
    servers.push(server)
    return server
  }

  async function failure(mode: FakeMode, options: ServerOptions = {}): Promise<WireError> {
    const error: unknown = await start(mode, options).then(
      () => null,
      (reason: unknown) => reason,
    )
    if (!WireError.is(error)) throw new Error('expected a WireError', { cause: error })
    return error
  }

  it('is ready after the printed line, even when the line comes in two pieces', async () => {
    const server = await start('ready')

    expect(server.state).to.equal('ready')
    expect(await server.probe()).to.include({ healthy: true, reason: 'ok' })
    expect(server.url).to.equal(`http://127.0.0.1:${server.port}`)
    expect(await fake.starts()).to.deep.equal([`serve --hostname 127.0.0.1 --port ${server.port}`])
  })

  it('makes a password of its own and never prints it', async () => {
    const server = await start('ready')

    expect(server.password).to.have.lengthOf(32)
    const printed = inspect(server, { showHidden: true, depth: 9 }) + JSON.stringify(server)
    expect(printed).to.include(server.url).and.not.include(String(server.password))
  })

  it('gives the child only an allow-list of the environment and folders of its own', async () => {
    process.env['HOST_SECRET_FOR_TEST'] = 'not for agents'
    const server = await start('ready', { config: { model: 'a/b' } })
    delete process.env['HOST_SECRET_FOR_TEST']

    const text = await readFile(`/proc/${server.pid}/environ`, 'latin1')
    const env = new Map(text.split('\0').map((line) => [line.split('=')[0], line]))
    expect([...env.keys()]).to.not.include('HOST_SECRET_FOR_TEST')
    for (const name of ['HOME', 'XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'TMPDIR']) {
      expect(env.get(name)).to.match(new RegExp(`^${name}=${fake.dataDir}/`))
    }
    expect(env.get('OPENCODE_CONFIG_CONTENT')).to.equal('OPENCODE_CONFIG_CONTENT={"model":"a/b"}')
  })

  it('fails when the line never comes', async () => {
    const error = await failure('silent', { readyTimeoutMs: 150 })

    expect(error).to.include({ code: 'server_start_failed', delivered: 'no', retryable: true })
    expect(error.message).to.include('not ready within 150 ms')
  })

  it('fails with the last words of a process that exits at once, without its secrets', async () => {
    const error = await failure('exit', { env: { FAKE_API_KEY: 'sk-hidden' } })

    expect(error.message).to.include('status 3').and.include('broken installation')
    expect(error.message).to.include('[redacted]').and.not.include('sk-hidden')
  })

  it('fails when the API refuses the first call, and says why without secrets', async () => {
    const error = await failure('bad-config', { env: { FAKE_API_KEY: 'sk-hidden' } })

    expect(error.message).to.include('ConfigInvalidError; provider.apiKey: Expected object')
    expect(error.message).to.not.include('sk-hidden')
  })

  it('fails when the server listens but never answers', async () => {
    const clock = createManualClock()
    const failing = failure('mute-api', { clock, readyTimeoutMs: 1000 })
    await eventually('it was asked', async () => (await fake.starts()).includes('asked'))
    await clock.advance(1000)
    const error = await failing

    expect(error.message).to.include('(timeout)')
  })

  it('fails when something with another password answers on the port', async () => {
    expect((await failure('foreign')).message).to.include('status 401')
  })

  it('tries other ports when the chosen one was taken, but never another than the given one', async () => {
    const error = await failure('port-taken')
    expect(error.message).to.include('The port may be in use')
    expect(await fake.starts()).to.have.lengthOf(3)

    await failure('port-taken', { port: 49_999 })
    expect(await fake.starts()).to.have.lengthOf(4)
  })

  it('finds its executable on PATH though more environment is given', async () => {
    const before = process.env['PATH']
    process.env['PATH'] = `${fake.folder}:${before}`
    const started = startServer({ env: fake.env('ready') })
    process.env['PATH'] = before
    servers.push(await started)
    expect(servers[0]?.binary).to.equal(fake.binary)
  })

  it('rejects a missing directory and an executable that cannot run', async () => {
    const nowhere = join(fake.folder, 'nowhere')
    expect((await failure('ready', { directory: nowhere })).message).to.include('is not a folder')
    expect((await failure('ready', { binary: nowhere })).code).to.equal('server_unsupported')
  })

  it('refuses options that cannot be safe or cannot work', async () => {
    for (const options of [
      { password: null, hostname: '0.0.0.0' },
      { password: '' },
      { username: 'a:b' },
      { port: 70_000 },
      { readyTimeoutMs: 0 },
      { config: { big: 'x'.repeat(110_000) } },
      { directroy: '/' } as object,
      { supervise: { probeInterval: 5 } as object },
    ]) {
      const error: unknown = await start('ready', options).catch((reason: unknown) => reason)
      expect(error, inspect(options)).to.be.instanceOf(Error)
      expect(['TypeError', 'RangeError']).to.include((error as Error).name)
    }
    expect(await fake.starts()).to.deep.equal([])
  })

  it('stops a start when the signal aborts, with the reason of the signal', async () => {
    const abort = new AbortController()
    const starting = start('silent', { signal: abort.signal })
    await eventually('it was started', async () => (await fake.starts()).length === 1)
    const reason = new Error('changed my mind')
    abort.abort(reason)

    expect(await starting.catch((error: unknown) => error)).to.equal(reason)
  })

  it('closes a running server when the signal aborts', async () => {
    const abort = new AbortController()
    const server = await start('ready', { signal: abort.signal })
    abort.abort()

    expect(await server.exited).to.include({ expected: true })
    await server.close()
    expect(server.state).to.equal('closed')
  })

  it('kills a process that ignores SIGTERM', async () => {
    const server = await start('stubborn', { stopGraceMs: 50 })
    await server.close()

    expect(await server.exited).to.deep.equal({ code: null, signal: 'SIGKILL', expected: true })
  })

  it('stops what the server started in a session of its own', async () => {
    const server = await start('detached-child')
    expect(await fake.processes()).to.have.lengthOf(2)
    await server.close()
  })

  it('stops what a server left running when it died', async () => {
    const server = await start('detached-child')
    process.kill(pidOf(server), 'SIGKILL')

    expect(await server.exited).to.deep.equal({ code: null, signal: 'SIGKILL', expected: false })
    expect(server.state).to.equal('exited')
    expect(await server.probe()).to.include({ healthy: false, reason: 'exited' })
    await eventually('its child is gone', async () => (await fake.processes()).length === 0)
  })

  it('keeps a bounded end of what a flooding process prints', async () => {
    const server = await start('flood', { logTailLength: 10_000 })
    await eventually('it read all', () => Promise.resolve(server.logTail().includes('line 1999')))

    expect(server.logTail().length).to.be.at.most(10_000)
  })

  it('keeps a given data folder and removes its own', async () => {
    const kept = await start('ready')
    const own = await startServer({ binary: fake.binary, env: fake.env('ready') })
    servers.push(own)
    expect(existsSync(own.dataDir)).to.equal(true)
    for (const server of servers) await server.close()

    expect(existsSync(join(kept.dataDir, 'home'))).to.equal(true)
    expect(existsSync(own.dataDir)).to.equal(false)
  })

  it('removes the libraries that every process unpacks and leaves, and nothing else', async () => {
    const folder = join(fake.dataDir, 'tmp')
    const left = join(folder, '.bcf9c59eb5c5f76f-00000000.so')
    await mkdir(folder, { recursive: true })
    for (const path of [left, join(folder, '.kept.so')]) await writeFile(path, 'x')
    const server = await start('ready')
    expect(await readdir(folder)).to.deep.equal(['.kept.so'])

    await writeFile(left, 'x')
    await server.restart()
    expect(await readdir(folder)).to.deep.equal(['.kept.so'])
  })

  it('refuses a second server on one data folder', async () => {
    await start('ready')

    expect((await failure('ready')).message).to.include('another server is using this data folder')
  })

  it('reports a data folder that cannot be made', async () => {
    await mkdir(join(fake.folder, 'x'))
    expect((await failure('ready', { dataDir: join(fake.binary, 'x') })).code).to.equal(
      'server_start_failed',
    )
  })

  it('disposes with await using, and closes twice without complaint', async () => {
    const server = await start('ready')
    await Promise.all([server[Symbol.asyncDispose](), server.close()])

    expect(server).to.include({ state: 'closed', pid: null })
    const again: unknown = await server.restart().catch((error: unknown) => error)
    expect(again).to.include({ code: 'closed' })
  })
})
