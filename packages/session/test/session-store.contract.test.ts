import { databases } from '@turnstead-internal/databases'
import { after, before, describe, it } from 'mocha'
import { runContractOn } from './support/contract-on.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

for (const kind of databases) {
  describe(`createSessionStore on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`keeps the contract (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    before(async () => {
      rows = await openRows(kind)
    })
    after(() => rows.close())

    runContractOn({ rows: () => rows, connect: () => rows.database.connect() })
  })
}
