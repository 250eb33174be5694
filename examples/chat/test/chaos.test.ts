import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { compiled } from '@turnstead-internal/compiled'
import { runChaos } from '@turnstead/testkit/chaos'
import { machineFactor } from '@turnstead/testkit/opencode'
import { expect } from 'chai'
import { describe, it } from 'mocha'

const script = (path: string): string =>
  JSON.stringify(fileURLToPath(new URL(path, import.meta.url)))
const node = JSON.stringify(process.execPath)
/** Keys of the machine that runs the tests must not decide what is tested. */
const noKeys =
  'ANTHROPIC_API_KEY= OPENAI_API_KEY= OPENAI_BASE_URL= CLOUDFLARE_API_KEY= DATABASE_URL='

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

describe('the chat under chaos', function () {
  if (process.platform === 'win32') return
  const factor = machineFactor()
  const points = Number(process.env['CHAOS_POINTS'] ?? 3)
  // Two runs to find the points, and two of each.
  this.timeout((60_000 + 40_000 * points) * factor)

  it('loses, doubles and leaves nothing wherever it is killed', async () => {
    const env = `PORT=${await freePort()}`
    const main = JSON.stringify(await compiled(new URL('../src/main.ts', import.meta.url)))
    const report = await runChaos({
      worker: `${noKeys} CHAT_DATA="$CHAOS_DIR" ${env} exec ${node} ${main}`,
      begin: `${env} exec ${node} ${script('chaos/begin.mjs')}`,
      check: `exec ${node} ${script('chaos/check.mjs')}`,
      timeoutMs: 30_000 * factor,
      points,
    })
    expect(report.findings).to.deep.equal([])
    expect(report.points.some((point) => point.includes('prompt_async'))).to.equal(true)
    expect(report.points.some((point) => point.includes('frame'))).to.equal(true)
    expect(report.tried).to.be.at.least(4)
  })
})
