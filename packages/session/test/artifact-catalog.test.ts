import { databases } from '@turnstead-internal/databases'
import { artifactCatalogContract } from '@turnstead/artifacts/contract'
import type { ArtifactCatalogSubject } from '@turnstead/artifacts/contract'
import { runContract } from '@turnstead/testkit/contract'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import {
  artifactMigration,
  artifactSql,
  createArtifactCatalog,
  type ArtifactEntry,
} from '../src/catalog.js'
import { assertSchema, turnMigration } from '../src/index.js'
import { createHostTables } from './support/open-rows.js'
import { failStatements } from './support/failing-statements.js'

function entryOf(turnId: string): ArtifactEntry {
  return {
    ...{ id: `${'0'.repeat(16)}-${'1'.repeat(16)}`, key: `k-${turnId.length}`, turnId },
    ...{ conversationId: turnId, path: 'a', name: 'a', contentType: 'text/plain' },
    ...{ sizeBytes: 1, sha256: '0'.repeat(64), trusted: false, storedAt: 1_700_000_000_000 },
    provenance: { source: 'disk', tool: 'write', callId: null, sessionId: null },
  }
}

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

    it('knows ids apart that differ in blanks or case alone, and refuses those that are too long', async () => {
      const database = await kind.open()
      const { knex } = database
      try {
        await artifactMigration().up(knex)
        const catalog = createArtifactCatalog({ knex })
        const ids = ['1', '1 ', 'a', 'A']
        await catalog.record(ids.map((id) => entryOf(id)))
        for (const id of ids) {
          for (const owner of [{ turnId: id }, { conversationId: id }]) {
            const found: string[] = []
            for await (const { turnId } of catalog.list(owner)) found.push(turnId)
            expect(found).to.deep.equal([id])
          }
        }
        expect(await catalog.remove({ turnId: '1' })).to.equal(1)
        expect(await catalog.remove({ conversationId: 'a' })).to.equal(1)
        const left: string[] = []
        for await (const { turnId } of catalog.list('all')) left.push(turnId)
        expect(left.sort()).to.deep.equal(['1 ', 'A'])
        const refused = await catalog
          .record([entryOf('x'.repeat(256))])
          .catch((error: unknown) => error)
        expect(refused).to.be.instanceOf(RangeError)
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
