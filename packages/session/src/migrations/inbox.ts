import type { MessageColumns } from '../tables.js'
import type { TableVersion } from './table-version.js'

/** @internal What version 2 adds to the messages. */
export function messagesVersion2(names: MessageColumns): TableVersion {
  return {
    columns: [
      { name: names.queuePosition, type: 'count' },
      { name: names.delivery, type: { characters: 8 } },
    ],
    // The line of a conversation is found by the index of what is open.
    indexes: [],
  }
}
