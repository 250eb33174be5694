import { expect } from 'chai'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { type Client, createClient } from '../../src/index.js'
import { startServer } from '../../src/server.js'

const binary = findOpencodeBinary()
if (binary === null) console.warn('plugins.live.test.ts is skipped: no opencode executable')
const describeWithBinary = binary === null ? describe.skip : describe

describeWithBinary('what the real opencode fetches for plugins', function () {
  this.timeout(120_000)
  let folder: string
  let registry: Server
  let dataDir: string
  let asked: string[]

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wire-plugins-'))
    dataDir = join(folder, '.data')
    asked = []
    registry = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(404).end('{}')
    })
    registry.listen(0, '127.0.0.1')
    await once(registry, 'listening')
  })
  afterEach(() => {
    registry.closeAllConnections()
    registry.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const untilAsked = async (times: number): Promise<void> => {
    while (asked.length < times) await once(registry, 'request')
  }
  /** Until the server that works in these folders is to be closed. */
  async function start(installPlugins: boolean): Promise<AsyncDisposable & { client: Client }> {
    const { port } = registry.address() as AddressInfo
    const server = await startServer({
      binary: binary ?? '',
      directory: folder,
      dataDir,
      installPlugins,
      env: {
        OPENCODE_DISABLE_MODELS_FETCH: '1',
        npm_config_registry: `http://127.0.0.1:${port}/`,
      },
    })
    const { url: baseUrl, username, password } = server
    const client = createClient({ baseUrl, username, password: password ?? '', directory: folder })
    return {
      client,
      async [Symbol.asyncDispose]() {
        await client.close()
        await server.close()
      },
    }
  }

  it('is nothing where that is not wanted', async () => {
    await using server = await start(false)
    await server.client.session.create({})
    // What it is told is believed for each folder in which it works: without that it asks in the next one.
    rmSync(join(dataDir, 'config', 'opencode', 'package-lock.json'))
    const directory = mkdtempSync(join(folder, 'other-'))
    await server.client.withScope({ directory }).session.create({})
    await untilAsked(1)
    expect(asked.map((path) => path.toLowerCase())).to.deep.equal(['/@opencode-ai%2fplugin'])
  })

  it('is what it is by itself where it is wanted later', async () => {
    await (await start(false))[Symbol.asyncDispose]()
    await using server = await start(true)
    await server.client.session.create({})
    await untilAsked(1)
  })
})
