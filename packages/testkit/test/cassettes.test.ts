import { readdir, readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { playCassette } from '../conformance/play-cassette.js'
import { parseCassette, replay, TestkitError } from '../src/index.js'

const folder = new URL('../cassettes/', import.meta.url)
const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))

describe('replay', () => {
  it(`serves every one of the ${names.length} cassettes as it was recorded`, async () => {
    expect(names.length).to.be.greaterThan(120)
    for (const name of names) {
      const text = await readFile(new URL(name, folder), 'utf8')
      expect(await playCassette(text), name).to.deep.equal([])
    }
  }).timeout(60_000)

  it('answers a request that is not recorded with 500 and names it', async () => {
    const text = await readFile(new URL('text-async.jsonl', folder), 'utf8')
    const server = await replay(text)
    const response = await fetch(`${server.url}/nothing`)
    expect(response.status).to.equal(500)
    expect(() => server.assertComplete())
      .to.throw(TestkitError, 'GET /nothing')
      .with.property('code', 'replay_mismatch')
    await server.close()
  })

  it('names a recorded write that never came', async () => {
    const server = await replay(await readFile(new URL('text-async.jsonl', folder), 'utf8'))
    expect(() => server.assertComplete()).to.throw('POST /session?directory=%2Fworkspace')
    await server.close()
  })

  it('refuses what is no cassette', () => {
    expect(() => parseCassette('{"t":0}\n'))
      .to.throw(TestkitError)
      .with.property('code', 'bad_cassette')
    expect(() => parseCassette('nonsense')).to.throw('Line 1')
  })
})
