import { expect } from 'chai'
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compiled } from '@turnstead-internal/compiled'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { processIdentity } from '../../src/server/process/process-identity.js'

const hosts = 4
const rounds = 40

describe('a data folder that several hosts want at the same moment', () => {
  let root: string
  let claimers: ChildProcess[]

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'wire-claim-'))
    const claimer = await compiled(new URL('support/claimer.ts', import.meta.url))
    claimers = Array.from({ length: hosts }, () => fork(claimer, { execArgv: [] }))
    await Promise.all(claimers.map((each) => once(each, 'message')))
  })
  afterEach(async () => {
    for (const claimer of claimers) claimer.disconnect()
    await Promise.all(claimers.map((each) => once(each, 'exit')))
    rmSync(root, { recursive: true, force: true })
  })

  /** Who got the folder; every host tries at the same moment. */
  async function claimAll(folder: string): Promise<number[]> {
    const at = Date.now() + 3
    const answers = claimers.map(async (each) => {
      const answer = once(each, 'message')
      each.send({ folder, at })
      return (await answer)[0] as boolean | string
    })
    const settled = await Promise.all(answers)
    expect(settled.filter((each) => typeof each === 'string')).to.deep.equal([])
    return claimers.flatMap((each, index) => (settled[index] === true ? [each.pid ?? 0] : []))
  }

  for (const [what, recordOf] of [
    ['that is new', () => null],
    ['of a host that was killed', () => deadRecord({ pid: null })],
    ['with a damaged record', () => '{"mark":'],
  ] as const) {
    it(`goes to exactly one of them: a folder ${what}`, async () => {
      for (let round = 0; round < rounds; round += 1) {
        const folder = join(root, String(round))
        mkdirSync(folder)
        const record = recordOf()
        const path = join(folder, 'turnstead-server.json')
        if (record !== null) writeFileSync(path, record)
        const winners = await claimAll(folder)
        expect(winners, `round ${round}`).to.have.lengthOf(1)
        expect(JSON.parse(readFileSync(path, 'utf8'))).to.include({ ownerPid: winners[0] })
        expect(readdirSync(folder)).to.deep.equal(['turnstead-server.json'])
      }
    }).timeout(60_000)
  }

  it('goes to one of them when a host was killed while it took it over', async () => {
    const folder = join(root, 'half')
    mkdirSync(folder)
    const left = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
    const pid = left.pid ?? 0
    const path = join(folder, 'turnstead-server.json')
    const first = deadRecord({ pid, identity: processIdentity(pid) })
    writeFileSync(path, first)
    const turn = createHash('sha256').update(first).digest('hex').slice(0, 16)
    writeFileSync(`${path}.${turn}`, deadRecord({ pid: null }))

    expect(await claimAll(folder)).to.have.lengthOf(1)
    expect(readdirSync(folder)).to.deep.equal(['turnstead-server.json'])
    if (left.signalCode === null) await once(left, 'exit')
    expect(left.signalCode, 'the orphan is stopped').to.equal('SIGKILL')
  })
})

/** What a host that is no more has written. */
function deadRecord(server: object): string {
  const ownerPid = 2 ** 22 + 1
  const mark = `of-dead-${Math.random()}`
  return JSON.stringify({ mark, ownerPid, ownerIdentity: `gone/${ownerPid}`, ...server })
}
