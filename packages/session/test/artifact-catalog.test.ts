import { databases } from '@turnstead-internal/databases'
import { artifactCatalogContract } from '@turnstead/artifacts/contract'
import type { ArtifactCatalogSubject } from '@turnstead/artifacts/contract'
import { runContract } from '@turnstead/testkit/contract'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { artifactMigration, artifactSql, createArtifactCatalog } from '../src/catalog.js'
import { assertSchema, turnMigration } from '../src/index.js'
import { createHostTables } from './support/open-rows.js'
import { failStatements } from './support/failing-statements.js'

for (const kind of databases) {
  describe(`createArtifactCatalog on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`keeps its contract (skipped: ${kind.skip})`)
      return
    }
    runContract({ describe, it }, 'contract', artifactCatalogContract, {
      open: async () => {
        const database = await kind.open()
        await artifactMigration().up(database.knex)
        let now = 1_700_000_000_000
        const clock = { now: () => now, sleep: async () => undefined }
        const subject: ArtifactCatalogSubject = {
          catalog: createArtifactCatalog({ knex: database.knex, clock }),
          another: () => createArtifactCatalog({ knex: () => database.connect(), clock }),
          advance: (ms) => void (now += ms),
        }
        return { subject, close: () => database.close() }
      },
    })

    it('goes on where its migration was interrupted, goes down, and takes other names', async () => {
      const database = await kind.open()
      const { knex } = database
      try {
        const options = { table: 'files_of_a_host', keysTable: 'keys_of_a_host' }
        const { up, down, name } = artifactMigration(options)
        expect(name).to.equal('turnstead-artifacts-001')
        const failing = failStatements(knex)
        for (let number = 1; number < 30; number += 1) {
          failing.failAt(number, 'before')
          const failed = await up(knex).then(
            () => false,
            () => true,
          )
          if (!failed) break
        }
        failing.restore()
        await up(knex)
        const catalog = createArtifactCatalog({ knex, ...options })
        expect(await catalog.announce(['a'])).to.deep.equal([])
        await down(knex)
        await down(knex)
        expect(await knex.schema.hasTable('files_of_a_host')).to.equal(false)
      } finally {
        await database.close()
      }
    })

    it('is part of what assertSchema looks at, also when plain statements made it', async () => {
      const database = await kind.open()
      const { knex } = database
      try {
        await createHostTables(knex)
        await turnMigration().up(knex)
        const missing = await assertSchema(knex, { artifacts: {} }).catch((error: unknown) => error)
        expect(missing).to.include({ code: 'schema_mismatch' })
        const client = ({ postgresql: 'pg', mysql: 'mysql', sqlite: 'sqlite' } as const)[
          kind.name === 'postgresql' ? 'postgresql' : kind.name === 'sqlite' ? 'sqlite' : 'mysql'
        ]
        for (const statement of artifactSql({ client }).up) await knex.raw(statement)
        await assertSchema(knex, { artifacts: {} })
      } finally {
        await database.close()
      }
    })
  })
}
