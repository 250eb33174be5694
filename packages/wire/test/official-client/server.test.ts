import { createOpencodeServer } from '@opencode-ai/sdk'
import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import sinon from 'sinon'

import { startServer, type OpencodeServer, type ServerOptions } from '../../src/server.js'
import { eventually, processesWith } from '../server/support/fake-opencode.js'

/** What npm puts on PATH: a script that runs the real executable and passes no signal on. */
const wrapper = String.raw`#!/usr/bin/env node
const { spawn } = require('node:child_process')
spawn(process.execPath, [__dirname + '/real.cjs', ...process.argv.slice(2)], { stdio: 'inherit' })
`

/** Never listens where the official client wants it to: 4096 may be another's. */
const real = String.raw`
const { createServer } = require('node:http')
const { appendFileSync, existsSync } = require('node:fs')
const asked = process.argv.join(' ')
appendFileSync(__dirname + '/starts', asked + '\n')
const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('[]')
})
const port = Number(/--port[= ](\d+)/.exec(asked)[1])
server.listen(port === 4096 ? 0 : port, '127.0.0.1', () => {
  const wait = setInterval(() => {
    if (!existsSync(__dirname + '/go')) return
    clearInterval(wait)
    console.log('opencode server listening on http://127.0.0.1:' + server.address().port)
  }, 2)
})
`

const isLinux = process.platform === 'linux'
if (!isLinux) console.warn('official-client/server.test.ts needs /proc to see what is left')
const describeOnLinux = isLinux ? describe : describe.skip

/** As in `stream.test.ts`: each case says what ours does, and that the official client still does not. */
describeOnLinux('where createOpencodeServer of @opencode-ai/sdk fails', () => {
  const before = { ...process.env }
  let folder: string
  let servers: { close(): unknown }[]

  beforeEach(() => {
    servers = []
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'wire-official-')))
    writeFileSync(join(folder, 'opencode'), wrapper, { mode: 0o755 })
    writeFileSync(join(folder, 'real.cjs'), real)
    writeFileSync(join(folder, 'go'), '')
    process.env['PATH'] = `${folder}${delimiter}${before['PATH']}`
    process.env['FAKE_FOLDER'] = folder
  })
  afterEach(async () => {
    sinon.restore()
    for (const server of servers) await server.close()
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
    for (const pid of await left()) kill(pid)
    await eventually('no process of this test is left', async () => (await left()).length === 0)
    rmSync(folder, { recursive: true, force: true })
  })

  const left = (): Promise<number[]> => processesWith(`FAKE_FOLDER=${folder}`)
  const starts = (): string[] => readFileSync(join(folder, 'starts'), 'utf8').trim().split('\n')
  const ours = async (options: ServerOptions = {}): Promise<OpencodeServer> => {
    const server = await startServer({ env: { FAKE_FOLDER: folder }, ...options })
    servers.push(server)
    return server
  }
  const official = async (
    options: Parameters<typeof createOpencodeServer>[0] = {},
  ): ReturnType<typeof createOpencodeServer> => {
    const server = await createOpencodeServer(options)
    servers.push(server)
    return server
  }

  it('finds its executable on PATH only', async () => {
    process.env['PATH'] = before['PATH']
    const binary = join(folder, 'opencode')
    expect((await ours({ binary })).state).to.equal('ready')
    const options = { binary } as Parameters<typeof createOpencodeServer>[0]
    process.env['PATH'] = ''
    const error: unknown = await official(options).catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'ENOENT' })
  })

  it('wants port 4096 for every server', async () => {
    expect((await ours()).port).to.not.equal((await ours()).port)
    await official()
    await official()
    expect(starts().slice(-2).join()).to.match(/--port=4096.*--port=4096/)
  })

  it('gives a server 5 s to start', async () => {
    rmSync(join(folder, 'go'))
    const clock = createManualClock()
    const starting = ours({ clock })
    await eventually('it was started', async () => existsSync(join(folder, 'starts')))
    await clock.advance(29_999)
    writeFileSync(join(folder, 'go'), '')
    expect((await starting).state).to.equal('ready')

    rmSync(join(folder, 'go'))
    const timers = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const failing = official().catch((reason: unknown) => reason)
    await timers.tickAsync(5_000)
    timers.restore()
    expect(await failing)
      .to.have.property('message')
      .contain('5000ms')
  })

  it('stops the script that npm installed, and leaves the server running', async () => {
    const server = await ours()
    expect(await left()).to.have.lengthOf(2)
    await server.close()
    await eventually('nothing is left', async () => (await left()).length === 0)

    const theirs = await official()
    expect(await left()).to.have.lengthOf(2)
    theirs.close()
    await eventually('the script is gone', async () => (await left()).length === 1)
    const { stdout } = spawnSync('ps', ['-o', 'args=', '-p', String(await left())])
    expect(stdout.toString()).to.contain('real.cjs')
  })

  it("gives the agent's shell every secret of the host", async () => {
    process.env['HOST_SECRET_FOR_TEST'] = 'not for agents'
    const environment = async (): Promise<string> => {
      const pids = (await left()).toSorted((a, b) => a - b)
      return readFileSync(`/proc/${pids.at(-1)}/environ`, 'latin1')
    }
    const server = await ours()
    expect(await environment()).to.not.contain('HOST_SECRET_FOR_TEST')
    await server.close()
    await official()
    expect(await environment()).to.contain('HOST_SECRET_FOR_TEST=not for agents')
  })

  it('starts a server that everybody on the machine can command', async () => {
    const has = async (): Promise<boolean> => {
      const pid = (await left())[0]
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes('OPENCODE_SERVER_PASSWORD=')
    }
    const server = await ours()
    expect(await has()).to.equal(true)
    await server.close()
    await official()
    expect(await has()).to.equal(false)
  })
})

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}
