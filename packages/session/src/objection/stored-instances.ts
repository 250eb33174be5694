import type { Model, Pojo } from 'objection'
import { ownColumns } from '../tables.js'
import type { ConversationColumns, MessageColumns } from '../tables.js'
import { hasColumn, withoutColumns } from './column-values.js'

interface Builder {
  readonly isInsert: () => boolean
  readonly has: (operation: RegExp) => boolean
}

/** Objection hands its builder on, but does not say so in its types. */
type ToldOfBuilder = Omit<typeof Model, 'prototype'> & {
  new (): Model & { $toDatabaseJson(builder?: Builder): Pojo }
}

/**
 * @internal A base class whose instances do not write the store's columns again once they are in the database. An instance
 * holds the row as it was loaded; written back whole, it would put `running` over `completed`, or an old fence over
 * a new one. What a host gives as plain values is written, unless a fence is among them: only a copy of a row has one.
 */
export function withoutStaleColumns(
  base: typeof Model,
  columns: ConversationColumns | MessageColumns,
): typeof Model {
  const ours = ownColumns(columns)
  const stored = new WeakSet<object>()

  class Stored extends (base as ToldOfBuilder) {
    override $setDatabaseJson(json: object): this {
      stored.add(this)
      return super.$setDatabaseJson(json)
    }

    /** The fetching forms of insert and patch set what they fetched. */
    override $set(values: object): this {
      if (stored.has(values)) stored.add(this)
      return super.$set(values)
    }

    override $clone(options?: Parameters<Model['$clone']>[0]): this {
      const clone = super.$clone(options)
      if (stored.has(this)) stored.add(clone)
      return clone
    }

    override $toDatabaseJson(builder?: Builder): Pojo {
      const json = super.$toDatabaseJson(builder)
      if (builder === undefined) return json
      const isStored = stored.has(this) || hasColumn(json, columns.turnFence)
      const isInsert = builder.isInsert()
      if (isInsert) stored.add(this)
      // An insert that merges is an update of the row that is there.
      return isStored && (!isInsert || builder.has(/merge/)) ? withoutColumns(json, ours) : json
    }
  }
  return Stored as unknown as typeof Model
}
