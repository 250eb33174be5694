import { expect } from 'chai'
import { describe, it } from 'mocha'
import { runChaos } from '../src/chaos.js'
import { chaosCommand } from '../src/chaos/chaos-command.js'
import { reply, startScriptedModel, text, TestkitError } from '../src/index.js'
import { findOpencodeBinary, machineFactor, startOpencode } from '../src/opencode.js'
import { plantedFaults, sampleHost } from './support/planted-faults.js'

const binary = findOpencodeBinary()
if (binary === null)
  console.warn('chaos on the real server is skipped: no executable; install opencode-linux-x64')
const live = binary === null ? it.skip : it

describe('runChaos', function () {
  if (process.platform === 'win32') return
  this.timeout(120_000 * machineFactor())

  for (const { name, kind, at } of plantedFaults) {
    it(`finds a host that ${name.replaceAll('-', ' ')}`, async function () {
      // A planted fault shows itself only when its worker is back before the agent ends, which a busy machine may prevent.
      this.retries(3)
      const { findings, tried } = await runChaos({
        ...sampleHost(name),
        only: at,
        stopAtFirst: true,
      })
      expect(findings.map((found) => found.kind)).to.include(kind)
      expect(findings[0]?.point).to.include(at)
      expect(tried).to.be.at.least(1)
    })
  }

  it('finds nothing in a host that is right, at a sample of its points', async () => {
    const report = await runChaos({ ...sampleHost(), points: 6 })
    expect(report.findings).to.deep.equal([])
    expect(report.points.length).to.be.greaterThan(20)
    expect(report.tried + report.unreached.length).to.equal(8)
  })

  live('puts a host under chaos on the real server', async () => {
    const model = await startScriptedModel(reply(text('Let me see how that goes.', { paceMs: 20 })))
    const server = await startOpencode({ model, password: null })
    try {
      const onServer = (fault: string): Parameters<typeof runChaos>[0] => ({
        ...sampleHost(fault),
        target: server.url,
        timeoutMs: 12_000 * machineFactor(),
        only: 'POST /session/*/prompt_async after',
      })
      const right = await runChaos(onServer(''))
      expect([right.tried, right.findings]).to.deep.equal([1, []])
      const wrong = await runChaos(onServer('session-not-stored'))
      expect(wrong.findings.map(({ kind }) => kind)).to.include('doubled')
    } finally {
      await server.close()
      await model.close()
    }
  })

  it('is a command with a table and an exit code', async () => {
    const { worker, begin, check, deliver = '' } = sampleHost('settles-twice')
    let printed = ''
    let errors = ''
    const run = (args: readonly string[]): Promise<number> =>
      chaosCommand(
        args,
        (piece) => void (printed += piece),
        (piece) => void (errors += piece),
      )
    const commands = ['--begin', begin, '--check', check, '--deliver', deliver]
    const code = await run([...commands, '--only', 'again after', '--', worker])
    expect(code).to.equal(1)
    expect(printed).to.match(/^kind\s+point\s+what was seen\nchanged\s+the job delivered again/u)
    expect(printed).to.match(/\d+ points, 1 disturbances, 1 findings\n$/u)
    expect(await run(['--begin', begin, '--', worker])).to.equal(2)
    expect(errors).to.include('Usage: testkit chaos')
  })

  it('says what is wrong with options, commands and a scenario that does not end', async () => {
    const codeOf = async (options: Parameters<typeof runChaos>[0]): Promise<string> =>
      await runChaos(options).then(
        () => 'resolved',
        (error: unknown) => (TestkitError.is(error) ? error.message : String(error)),
      )
    const host = sampleHost()
    expect(await codeOf({ ...host, worker: ' ' })).to.include('[invalid_options] `worker`')
    expect(await codeOf({ ...host, points: 0 })).to.include('[invalid_options] `points`')
    expect(await codeOf({ ...host, timeoutMs: Infinity })).to.include(
      '[invalid_options] `timeoutMs`',
    )
    expect(await codeOf({ ...host, target: 'localhost:4096' })).to.include(
      '[invalid_options] `target`',
    )
    expect(await codeOf({ ...host, begin: 'echo no >&2; exit 3' })).to.match(/begin.*3: no/u)
    expect(await codeOf({ ...host, check: 'exit 2' })).to.include('ended badly')
    expect(await codeOf({ ...host, check: 'date +%N' })).to.include('must print the same')
  })
})
