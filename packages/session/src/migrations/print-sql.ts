import { addColumnsSql, createIndexSql, dropColumnsSql, dropIndexSql } from './definition.js'
import type { Writing } from './definition.js'
import { indexName } from './table-version.js'
import type { TableStep } from './table-version.js'

/** The statements that add a version to tables that have nothing of it. */
export function upSql(writing: Writing, steps: readonly TableStep[]): readonly string[] {
  return steps.flatMap((step) => [
    ...addColumnsSql(writing, step.table, step.version.columns),
    ...step.version.indexes.map((index) =>
      createIndexSql(writing, step.table, { ...index, name: indexName(step, index) }),
    ),
  ])
}

/** The statements that take it away again. */
export function downSql(writing: Writing, steps: readonly TableStep[]): readonly string[] {
  return steps.toReversed().flatMap((step) => {
    const { table, version } = step
    const indexes = writing.dialect === 'postgresql' ? [] : version.indexes
    return [
      ...indexes.map((index) => dropIndexSql(writing, table, indexName(step, index))),
      ...dropColumnsSql(
        writing,
        table,
        version.columns.map(({ name }) => name),
      ),
    ]
  })
}
