import { expect } from 'chai'
import fc from 'fast-check'
import createKnex from 'knex'
import { describe, it } from 'mocha'
import { fromTemplate } from '../src/database/template.js'
import { rowKey } from '../src/statements/row-key.js'

const knex = createKnex({ client: 'pg' })
const ids = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.integer().map(String),
  fc.constantFrom('01', '-0', '+1', '0', 'stand-in 0 of a template', '8111222333000000'),
)

describe('a statement from its template', () => {
  it('is what Knex would have built, for any values and after any others', () => {
    const owner = {}
    const values = fc.record({
      id: ids,
      other: ids,
      count: fc.integer(),
      note: fc.option(fc.string()),
    })
    fc.assert(
      fc.property(values, (given) => {
        const build = ({ id, other, count, note }: typeof given) =>
          knex('rows')
            .where(rowKey(knex, 'id', id))
            .where({ other, status: 'pending' })
            .where('count', '<', count)
            .update({
              'a column': knex.raw('coalesce(??, ?)', ['x', count]),
              ...(note === null ? {} : { note }),
            })
        const made = fromTemplate(knex, { owner, name: 'test' }, given, build).toSQL().toNative()
        const expected = build(given).toSQL().toNative()
        expect(made.sql).to.equal(expected.sql)
        expect(made.bindings).to.deep.equal(expected.bindings)
      }),
    )
  })

  it('is made once for each kind of values', () => {
    let built = 0
    const owner = {}
    const run = (id: string): void => {
      fromTemplate(knex, { owner, name: 'test' }, { id }, ({ id: place }) => {
        built += 1
        return knex('rows').where({ id: place })
      })
    }
    for (const id of ['1', '2', 'a', 'b', '3']) run(id)
    expect(built).to.equal(2)
  })
})
