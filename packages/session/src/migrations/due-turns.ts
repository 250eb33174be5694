import type { MessageColumns } from '../tables.js'
import type { TableVersion } from './table-version.js'

/** @internal What version 3 adds to the messages: when a turn that waits for a person is to be taken by a worker. */
export function messagesVersion3(names: MessageColumns): TableVersion {
  return {
    columns: [{ name: names.dueAt, type: 'time' }],
    indexes: [{ purpose: 'due', columns: [names.dueAt], unique: false }],
  }
}
