import { expect } from 'chai'
import { describe, it } from 'mocha'
import { databases } from '../src/index.js'

describe('databases', () => {
  for (const { name, skip, open } of databases) {
    if (skip !== null) {
      it(`opens ${name} (skipped: ${skip})`)
      continue
    }

    it(`opens a fresh ${name} that its connections share and no other does`, async () => {
      const first = await open()
      const second = await open()
      try {
        await first.knex.schema.createTable('things', (table) => {
          table.increments('id')
          table.string('name')
        })
        await first.connect()('things').insert({ name: 'one' })
        expect(await first.knex('things').select('name')).to.deep.equal([{ name: 'one' }])
        expect(await second.knex.schema.hasTable('things')).to.equal(false)
      } finally {
        await first.close()
        await second.close()
      }
    })
  }
})
