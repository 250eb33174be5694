import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { playCassette } from '../conformance/play-cassette.js'
import { record, reply, startImpostor, text } from '../src/index.js'
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

  it('explains itself when it is called wrongly', async () => {
    const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, ['--import=tsx', cli], (error, _stdout, told) =>
        resolve({ code: error?.code, stderr: told }),
      )
    })
    expect(code).to.equal(2)
    expect(stderr).to.include('Usage: testkit record')
  }).timeout(15_000)
})
