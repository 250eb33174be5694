import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { build } from 'esbuild'
import { describe, it } from 'mocha'
import { createAgent, simulateRun } from '../bench/simulated-run.js'
import { toRunOutput } from '../src/index.js'
import { isRunOutput, settleRunOutput } from '../src/output.js'

describe('what a page needs of the outputs', () => {
  it('is a module of its own that loads nothing of Node', async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [fileURLToPath(new URL('../src/output.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      minify: true,
      write: false,
      metafile: true,
    })
    // A built-in module would be an error of the build.
    const files = Object.keys(metafile.inputs).map((file) => file.split('/').slice(-2).join('/'))
    expect(files).to.have.members(['src/output.ts', 'src/run-output.ts', 'output/settle.ts'])
    expect(outputFiles[0]?.contents.length).to.be.below(2_000)
  })

  it('settles an output whose stream ended before the last one', () => {
    const agent = createAgent()
    agent.call(200)
    agent.start('npm run build')
    agent.write('Half of')
    agent.ask('per_1')
    const facts = { callId: 'call-1', prompt: 'Go', sessionId: null, error: null, stop: null }
    const working = toRunOutput(agent.reply, { ...facts, status: 'working', outputFile: null })
    expect(JSON.stringify(working)).to.contain('"input-available"').and.contain('"streaming"')
    expect(working.asks).to.have.length(1)

    const shown = settleRunOutput(working)
    expect(shown.status).to.equal('error')
    expect(shown.error).to.include({ code: 'output_cut', retryable: true })
    expect(shown.asks).to.deep.equal([])
    const states = shown.messages[1]?.parts.flatMap((part) => ('state' in part ? [part.state] : []))
    expect(states).to.deep.equal(['output-available', 'output-error', 'done'])
    expect(shown.messages[0]).to.equal(working.messages[0])
    expect(isRunOutput(shown)).to.equal(true)
    expect(settleRunOutput(working)).to.equal(shown)
    expect(settleRunOutput(shown)).to.equal(shown)
  })

  it('leaves an output as it is that is the last one', () => {
    const run = { seconds: 20, secondsPerCall: 5, outputCharacters: 200 }
    const last = [...simulateRun(run)].at(-1)?.output
    if (last === undefined) throw new Error('the run gave no output')
    expect(settleRunOutput(last)).to.equal(last)
  })
})
