import { expect } from 'chai'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { startLeakCheck } from '@turnstead/testkit'
import { runCli, startCli, type CliEvent, type CliOptions, type CliRun } from '../../src/cli.js'
import { cliArguments } from '../../src/cli/cli-options.js'
import { WireError } from '../../src/errors.js'
import { eventually, processesWith } from '../server/support/fake-opencode.js'
import { quiesce } from '../support/undici-time.js'

const script = String.raw`#!/usr/bin/env node
const { spawn } = require('node:child_process')
const say = (fields) => process.stdout.write(JSON.stringify({ timestamp: 1, sessionID: 'ses_1', ...fields }) + '\n')
const text = (value) => say({ type: 'text', part: { text: value } })
const mode = process.env.FAKE
if (mode === 'hang') process.on('SIGTERM', () => {})
let prompt = ''
process.stdin.on('data', (chunk) => (prompt += chunk))
process.stdin.on('end', () => {
  if (mode === 'fail') { console.error('Error: Session not found, key ' + process.env.FAKE_API_KEY); process.exit(1) }
  if (mode === 'error') { say({ type: 'error', error: { name: 'APIError', data: { message: 'refused ' + process.env.FAKE_API_KEY } } }); process.exitCode = 1; return }
  say({ type: 'step_start' })
  text(prompt)
  if (mode === 'hang') { spawn('sleep', ['1000'], { detached: true, stdio: 'inherit' }); setInterval(() => {}, 1000); return }
  if (mode === 'many') for (let i = 0; i < 20000; i++) text('event ' + i + ' ' + 'x'.repeat(100))
  if (mode === 'long') process.stdout.write('x'.repeat(300000))
  say({ type: 'step_finish', part: { reason: 'stop' } })
})
`

const isLinux = process.platform === 'linux'
if (!isLinux) console.warn('start-cli.test.ts needs /proc to prove that nothing is left')
const describeOnLinux = isLinux ? describe : describe.skip

describeOnLinux('startCli', () => {
  let folder: string
  let binary: string

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'wire-cli-')))
    binary = join(folder, 'opencode')
    writeFileSync(binary, script, { mode: 0o755 })
  })

  afterEach(async () => {
    await eventually('no process of this test is left', async () => {
      return (await processesWith(`FAKE_FOLDER=${folder}`)).length === 0
    })
    rmSync(folder, { recursive: true, force: true })
  })

  function options(mode: string, more: Partial<CliOptions> = {}): CliOptions {
    const env = { FAKE: mode, FAKE_FOLDER: folder, FAKE_API_KEY: 'sk-hidden' }
    return { binary, directory: folder, prompt: 'hello', env, ...more }
  }

  it('sends the prompt exactly and gives the result', async () => {
    const prompt = '  two\nlines "quoted" $HOME \\n \u{1F600}\n'
    const result = await runCli(options('ok', { prompt }))
    expect(result).to.include({ text: prompt, completed: true, exitCode: 0, sessionId: 'ses_1' })
  })

  it('gives every event to a slow reader, also long after the process has ended', async () => {
    const run = await startCli(options('ok'))
    await eventually('the process is gone', async () => {
      return (await processesWith(`FAKE_FOLDER=${folder}`)).length === 0
    })
    await new Promise((resolve) => setTimeout(resolve, 600))
    const types: string[] = []
    for await (const event of run) types.push(event.type)
    expect(types).to.deep.equal(['step_start', 'text', 'step_finish'])
    expect((await run.finished()).completed).to.equal(true)
  })

  it('makes the process wait for a reader that is slow', async () => {
    const run = await startCli(options('many'))
    const iterator = run[Symbol.asyncIterator]()
    await iterator.next()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await processesWith(`FAKE_FOLDER=${folder}`), 'it is still writing').to.have.lengthOf(1)
    let last: CliEvent | undefined
    let count = 1
    for await (const event of { [Symbol.asyncIterator]: () => iterator }) {
      last = event
      count += 1
    }
    expect(count).to.equal(20_003)
    expect(last).to.include({ type: 'step_finish', reason: 'stop' })
  })

  it('stops the run and what it started when the loop is left', async () => {
    const run = await startCli(options('hang', { stopGraceMs: 30 }))
    for await (const event of run) if (event.type === 'text') break
    const result = await run.finished()
    expect(result).to.include({ completed: false, signal: 'SIGKILL', text: 'hello' })
  })

  it('rejects with the reason of the signal', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const run = await startCli(options('hang', { stopGraceMs: 30, signal: abort.signal }))
    const failure: unknown = await (async () => {
      for await (const event of run) if (event.type === 'text') abort.abort(reason)
    })().catch((error: unknown) => error)
    expect(failure).to.equal(reason)
    expect(await run.finished().catch((error: unknown) => error)).to.equal(reason)
    const never = startCli(options('ok', { signal: abort.signal }))
    expect(await never.catch((error: unknown) => error)).to.equal(reason)
  })

  it('fails with the exit status and the last words, without secrets', async () => {
    for (const [mode, words] of [
      ['fail', 'Session not found'],
      ['error', 'APIError: refused'],
    ] as const) {
      const error: unknown = await runCli(options(mode)).catch((reason: unknown) => reason)
      if (!WireError.is(error)) throw new Error('expected a WireError', { cause: error })
      expect(error.code).to.equal('cli_failed')
      expect(error.message).to.include('status 1').and.include(words).and.not.include('sk-hidden')
    }
  })

  it('gives a failure as a value to who follows the run', async () => {
    const run = await startCli(options('fail'))
    expect(await run.finished()).to.include({ exitCode: 1, completed: false, error: null })
  })

  it('refuses a line that is too long and stops the run', async () => {
    const run = await startCli(options('long', { maxLineLength: 100_000 }))
    const error: unknown = await run.finished().catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'frame_too_large' })
  })

  it('can be read only once, and stopped any number of times', async () => {
    const run = await startCli(options('ok'))
    await run.finished()
    expect(() => run[Symbol.asyncIterator]()).to.throw(TypeError, 'once')
    await run.stop()
    await run[Symbol.asyncDispose]()
  })

  it('finishes though an iterator was taken and never read', async () => {
    const run = await startCli(options('ok'))
    const idle = run[Symbol.asyncIterator]()
    const returned = run[Symbol.asyncIterator]()
    await returned.return?.()
    expect(await run.finished()).to.include({ completed: true, text: 'hello' })
    expect(await idle.next().catch((error: unknown) => error)).to.be.instanceOf(TypeError)
  })

  it('finishes, once stopped, though its reader never comes back', async () => {
    const abort = new AbortController()
    // Only then has mocha set its own timer for this test.
    await new Promise((resolve) => setImmediate(resolve))
    const leaks = startLeakCheck()
    for (const [stop, wanted] of [
      [(run: CliRun) => run.stop(), 'SIGKILL'],
      [() => abort.abort(new Error('enough')), 'enough'],
    ] as const) {
      const run = await startCli(options('hang', { stopGraceMs: 30, signal: abort.signal }))
      const iterator = run[Symbol.asyncIterator]()
      await iterator.next()
      await stop(run)
      const outcome = await run.finished().then(
        ({ signal }) => signal,
        (error: unknown) => (error as Error).message,
      )
      expect(outcome).to.equal(wanted)
    }
    await leaks.assertClean({ timeoutMs: 5000 })
  })

  it('lets its host end when the run is over and its reader does not come back', async () => {
    await new Promise((resolve) => setImmediate(resolve))
    const awake = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = awake()
    const run = await startCli(options('ok'))
    await run[Symbol.asyncIterator]().next()
    await eventually('the run is over', async () => {
      return (await processesWith(`FAKE_FOLDER=${folder}`)).length === 0
    })
    await quiesce()
    const after = awake()
    await run.stop()
    expect(after).to.equal(before)
  })

  it('refuses an empty prompt and reports an executable that cannot run', async () => {
    const empty: unknown = await startCli(options('ok', { prompt: ' ' })).catch((e: unknown) => e)
    expect(empty).to.be.instanceOf(TypeError)
    const nowhere = await startCli(options('ok', { directory: join(folder, 'nowhere') })).catch(
      (e: unknown) => e,
    )
    expect(nowhere).to.include({ code: 'cli_failed' })
  })

  it('finds its executable on PATH though more environment is given', async () => {
    const before = process.env['PATH']
    process.env['PATH'] = `${folder}:${before}`
    const { binary: _given, ...onPath } = options('ok')
    const running = runCli(onPath)
    process.env['PATH'] = before
    expect(await running).to.include({ text: 'hello', completed: true })
  })

  it('shows neither the prompt nor a password in the process table', async () => {
    const attach = { url: 'http://127.0.0.1:9', username: 'me', password: 'pass-word' }
    const run = await startCli(options('hang', { attach, prompt: 'private', stopGraceMs: 30 }))
    const shown = await readFile(`/proc/${run.pid}/cmdline`, 'latin1')
    const env = await readFile(`/proc/${run.pid}/environ`, 'latin1')
    await run.stop()
    expect(shown).to.not.include('private').and.not.include('pass-word')
    expect(env).to.include('OPENCODE_SERVER_PASSWORD=pass-word')
  })
})

describe('cliArguments', () => {
  it('keeps a value that looks like an option in its place', () => {
    expect(
      cliArguments({ prompt: 'x', title: '--auto', files: ['/a b'], session: 'ses_1', fork: true }),
    ).to.deep.equal([
      'run',
      '--format=json',
      '--session=ses_1',
      '--title=--auto',
      '--fork',
      '--file=/a b',
    ])
  })

  it('names the directory only to a server elsewhere', () => {
    const attach = { url: 'http://host:1' }
    expect(cliArguments({ prompt: 'x', directory: '/d' })).to.not.include('--dir=/d')
    expect(cliArguments({ prompt: 'x', directory: '/d', attach })).to.include('--dir=/d')
  })
})
