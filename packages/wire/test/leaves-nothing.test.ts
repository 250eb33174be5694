import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'mocha'

import { openStream, sendJson, startStub } from './support/stub-server.js'

describe('a client that is closed', () => {
  it('keeps no socket and no timer, so that its process ends by itself', async () => {
    const server = await startStub(({ url }, response) => {
      if (url.includes('/event')) openStream(response)
      else if (!url.includes('ses_slow')) sendJson(response, [])
    })
    const script = fileURLToPath(new URL('support/closing-host.ts', import.meta.url))
    const host = spawn(
      process.execPath,
      ['--conditions=@turnstead/source', '--import=tsx', script, server.url],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const killer = setTimeout(() => host.kill('SIGKILL'), 10_000)
    const printed: string[] = []
    host.stdout.on('data', (chunk: Buffer) => printed.push(chunk.toString()))
    expect(await once(host, 'close')).to.deep.equal([0, null])
    clearTimeout(killer)
    expect(printed.join('').trim()).to.equal('closed')
    expect(server.openSockets()).to.equal(0)
    await server.close()
  })
})
