import { expect } from 'chai'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, it } from 'mocha'
import { WireError } from '../../src/errors.js'
import { findOpencode, startServer, type OpencodeServer } from '../../src/server.js'
import { eventually, pidOf, processesWith } from './support/fake-opencode.js'

const root = fileURLToPath(new URL('../../../..', import.meta.url))

function findBinary(): string | null {
  try {
    return findOpencode({ resolveFrom: root, env: {} }).path
  } catch (error) {
    console.warn(`server.live.test.ts is skipped: ${String(error)}`)
    return null
  }
}

const found = findBinary()
const describeWithBinary = found === null ? describe.skip : describe

describeWithBinary('startServer with the real opencode', function () {
  this.timeout(60_000)
  const binary = found ?? ''
  const tag = `wire-live-${process.pid}`
  const env = { OPENCODE_DISABLE_MODELS_FETCH: '1', WIRE_LIVE: tag, LIVE_API_KEY: 'sk-live-secret' }
  let folder: string
  let server: OpencodeServer
  const changes: string[] = []

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wire-live-'))
    server = await startServer({
      binary,
      directory: folder,
      dataDir: join(folder, '.data'),
      installPlugins: false,
      env,
      supervise: { probeIntervalMs: 200, probeFailures: 1, memoryLimitBytes: 1 },
      onState: (change) => changes.push(`${change.state} (${change.reason})`),
      probeTimeoutMs: 5000,
    })
  })

  after(async () => {
    await server.close()
    await eventually('nothing of it is left', async () => {
      return (await processesWith(`WIRE_LIVE=${tag}`)).length === 0
    })
    rmSync(folder, { recursive: true, force: true })
  })

  async function call(
    path: string,
    init: RequestInit = {},
    password = server.password,
  ): Promise<Response> {
    const token = Buffer.from(`${server.username}:${password}`).toString('base64')
    const headers = { authorization: `Basic ${token}`, 'content-type': 'application/json' }
    return fetch(server.url + path, { ...init, headers })
  }

  async function createSession(): Promise<string> {
    const response = await call('/session', { method: 'POST', body: '{}' })
    return ((await response.json()) as { id: string }).id
  }

  /** Runs a command as the agent's shell tool would. */
  async function shell(command: string): Promise<string> {
    const id = await createSession()
    const body = JSON.stringify({ agent: 'build', command })
    const response = await call(`/session/${id}/shell`, { method: 'POST', body })
    return response.text()
  }

  it('answers API calls as soon as it is ready, and only with its password', async () => {
    expect(await server.probe()).to.deep.equal({
      healthy: true,
      reason: 'ok',
      status: 200,
      detail: null,
    })
    expect((await call('/session', {}, 'wrong')).status).to.equal(401)
    expect(server.logTail()).to.include('opencode server listening on')
  })

  it('disposes its instances when it is idle and over its memory limit, and goes on', async () => {
    await eventually('it was disposed', () => Promise.resolve(changes.length > 1))
    expect(changes).to.deep.equal(['ready (started)', 'ready (memory)'])
    expect(await server.healthy()).to.equal(true)
    expect(server.residentBytes()).to.be.greaterThan(100_000_000)
  })

  it('reports the folders of its own', async () => {
    const paths: unknown = await (await call('/path')).json()
    expect(paths).to.include({ directory: folder, home: join(folder, '.data', 'home') })
    expect(paths).to.include({ state: join(folder, '.data', 'state', 'opencode') })
  })

  it('keeps sessions over a restart on the same port, and stops what the shell left running', async () => {
    await shell('(sleep 987 >/dev/null 2>&1 &); nohup sleep 988 >/dev/null 2>&1 & echo started')
    const before = await processesWith(`WIRE_LIVE=${tag}`)
    expect(before, 'the server and two commands outside its process group').to.have.lengthOf(3)
    const id = await createSession()
    const { url } = server
    await server.restart()

    expect(server.url).to.equal(url)
    expect((await call(`/session/${id}`)).status).to.equal(200)
    expect(await processesWith(`WIRE_LIVE=${tag}`)).to.deep.equal([server.pid])
  })

  it('replaces a frozen server', async () => {
    const frozen = pidOf(server)
    process.kill(frozen, 'SIGSTOP')
    await eventually('it is noticed', () => Promise.resolve(server.state === 'restarting'))
    await server.restart()

    expect(server.pid).to.not.equal(frozen)
    expect(await server.healthy()).to.equal(true)
  })

  it('fails to start with the reason when the configuration is refused', async () => {
    const error: unknown = await startServer({
      binary,
      directory: folder,
      config: { model: 5 },
      env,
    }).catch((reason: unknown) => reason)

    expect(WireError.is(error) && error.message).to.include('ConfigInvalidError')
    expect(WireError.is(error) && error.message).to.include('model: Expected string')
  })

  it('names a port that is in use', async () => {
    const error: unknown = await startServer({
      binary,
      directory: folder,
      port: server.port,
      env,
    }).catch((reason: unknown) => reason)

    expect(WireError.is(error) && error.message).to.include('The port may be in use')
  })
})
