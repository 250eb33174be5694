import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { playCassette } from '../conformance/play-cassette.js'
import { record, reply, startImpostor, startTcpFaultProxy, text } from '../src/index.js'
import { createSession, prompt, readNaively } from './support/client.js'

describe('record', () => {
  it('makes a cassette that replays, without secrets and machine paths', async () => {
    const directory = join(homedir(), 'secret-project')
    const impostor = await startImpostor(reply(text(`I am in ${directory}.`)), {
      directory,
      password: 'sesame-open',
    })
    const recorder = await record({
      target: impostor.url,
      name: 'recorded',
      headers: impostor.headers,
      secrets: ['sesame-open'],
    })
    const scope = `?directory=${encodeURIComponent(directory)}`
    const reading = readNaively(
      `${recorder.url}/event${scope}`,
      (event) => event.type === 'session.idle',
    )
    await impostor.next('GET /event')
    const id = await createSession(recorder.url)
    await prompt(recorder.url, id, 'the password is sesame-open')
    await reading
    await fetch(`${recorder.url}/session/${id}/message`)
    recorder.note('the end')
    const cassette = recorder.text()
    await recorder.close()
    await impostor.close()
    expect(cassette).to.include('/workspace').and.to.include('[redacted]')
    for (const secret of ['sesame-open', homedir(), 'Basic '])
      expect(cassette).to.not.include(secret)
    expect(await playCassette(cassette)).to.deep.equal([])
  })

  it('hides a secret however often it is escaped, and passes directories with a percent sign', async () => {
    const secret = 'pa"ss\\word'
    const nested = JSON.stringify({ secret })
    const impostor = await startImpostor(reply(text('ok')))
    const recorder = await record({ target: impostor.url, secrets: [secret] })
    const reading = readNaively(`${recorder.url}/event`, (event) => event.type === 'session.idle')
    await impostor.next('GET /event')
    await prompt(recorder.url, await createSession(recorder.url), `${secret} ${nested}`)
    await reading
    const scope = encodeURIComponent('/tmp/100%')
    const [inQuery, inHeader] = await Promise.all([
      fetch(`${recorder.url}/session?directory=${scope}`),
      fetch(`${recorder.url}/session`, { headers: { 'x-opencode-directory': '/tmp/100%' } }),
    ])
    expect([inQuery.status, inHeader.status]).to.deep.equal([200, 200])
    expect(recorder.text())
      .to.include('[redacted]')
      .and.to.not.match(/pa\\+"ss/u)
    await recorder.close()
    await impostor.close()
  })

  it('keeps no connection to its target open', async () => {
    const impostor = await startImpostor()
    const between = await startTcpFaultProxy(impostor.url)
    const recorder = await record({ target: between.url })
    await createSession(recorder.url)
    await recorder.close()
    const deadline = Date.now() + 1000
    while (between.connections > 0 && Date.now() < deadline) await new Promise(setImmediate)
    expect(between.connections).to.equal(0)
    await between.close()
    await impostor.close()
  })

  it('refuses a secret that is too short to be hidden', async () => {
    const error = await record({ target: 'http://127.0.0.1:1', secrets: ['abc'] }).catch(
      (each: unknown) => each,
    )
    expect(error).to.be.instanceOf(TypeError)
  })

  it('works from the command line', async () => {
    const impostor = await startImpostor()
    const folder = await mkdtemp(join(tmpdir(), 'testkit-record-'))
    const out = join(folder, 'out.jsonl')
    const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
    const words = ['--import=tsx', cli, 'record', '--target', impostor.url, '--out', out]
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.setEncoding('utf8')
    const [line] = await once(child.stdout, 'data')
    const url = /http:\S+/u.exec(String(line))?.[0] ?? ''
    await createSession(url)
    child.kill('SIGINT')
    await once(child, 'exit')
    const lines = (await readFile(out, 'utf8')).trim().split('\n')
    const kinds = lines.map((each): string => JSON.parse(each).dir)
    expect(kinds).to.deep.equal(['meta', 'req', 'res'])
    await rm(folder, { recursive: true })
    await impostor.close()
  }).timeout(15_000)

  it('explains itself when it is asked, and when it is called wrongly', async () => {
    const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
    const say = async (...words: string[]): Promise<object> =>
      new Promise((resolve) => {
        const args = ['--import=tsx', cli, ...words]
        execFile(process.execPath, args, (error, stdout, stderr) =>
          resolve({ code: error?.code ?? 0, stdout, stderr }),
        )
      })
    const [asked, nothing, misspelt] = await Promise.all([
      say('--help'),
      say(),
      say('record', '--taget', 'http://127.0.0.1:1'),
    ])
    expect(asked).to.include({ code: 0, stderr: '' })
    expect(asked).to.have.property('stdout').that.includes('Usage: testkit record')
    expect(nothing).to.include({ code: 2, stdout: '' })
    expect(nothing).to.have.property('stderr').that.includes('Usage: testkit record')
    expect(misspelt).to.include({ code: 2, stdout: '' })
    expect(misspelt)
      .to.have.property('stderr')
      .that.matches(/^Unknown option '--taget'/)
      .and.includes('Usage: testkit record')
  }).timeout(15_000)
})
