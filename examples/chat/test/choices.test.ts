import { startImpostor } from '@turnstead/testkit'
import { createClient } from '@turnstead/wire'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createChoices } from '../src/agent/choices.js'

describe('createChoices', () => {
  it('offers the models and agents of the server, asks it seldom, and keeps what it knows while it is away', async () => {
    const impostor = await startImpostor()
    const client = createClient({ baseUrl: impostor.url, directory: impostor.directory })
    let now = 0
    const choices = createChoices(
      () => client,
      () => now,
    )
    const first = await choices()
    expect(first.models.map(({ value }) => value)).to.satisfy((values: string[]) =>
      values.every((value) => /^[^/]+\/.+$/.test(value)),
    )
    expect(first.models).to.not.have.lengthOf(0)
    expect(first.agents.map(({ value }) => value))
      .to.include('build')
      .and.not.include('general')
    const asked = (): number =>
      impostor.journal.entries.filter(({ path }) => path === '/config/providers').length
    await choices()
    expect(asked()).to.equal(1)
    now = 60_001
    await choices()
    expect(asked()).to.equal(2)
    await impostor.close()
    now = 200_000
    expect(await choices()).to.deep.equal(first)
    await client.close()
  })

  it('has nothing to choose from before the server is there, and then does', async () => {
    const impostor = await startImpostor()
    const client = createClient({ baseUrl: impostor.url, directory: impostor.directory })
    let now = 0
    let isThere = false
    const choices = createChoices(
      () => (isThere ? client : null),
      () => now,
    )
    expect(await choices()).to.deep.equal({ models: [], agents: [] })
    isThere = true
    now = 5_001
    expect((await choices()).agents).to.not.have.lengthOf(0)
    await client.close()
    await impostor.close()
  })
})
