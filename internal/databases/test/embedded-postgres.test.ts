import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'mocha'
import { embeddedPostgresProblem } from '../src/embedded-postgres.js'

describe('startEmbeddedPostgres', function () {
  this.timeout(60_000)
  const problem = embeddedPostgresProblem()
  if (problem !== null) {
    it(`ends with its process (skipped: ${problem})`)
    return
  }

  it('ends with its process, however that ends', async () => {
    const signals = ['SIGKILL', 'SIGTERM'] as const
    await Promise.all(
      signals.map(async (signal) => {
        const holder = spawn(
          process.execPath,
          [
            '--conditions=@turnstead/source',
            '--import=tsx',
            fileURLToPath(new URL('support/hold-postgres.ts', import.meta.url)),
          ],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        )
        const [line] = (await once(createInterface(holder.stdout), 'line')) as [string]
        const port = Number(new URL(line).port)
        expect(await isOpen(port), `the port before ${signal}`).to.equal(true)
        const gone = once(holder, 'exit')
        holder.kill(signal)
        await gone
        while (await isOpen(port));
      }),
    )
  })
})

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
