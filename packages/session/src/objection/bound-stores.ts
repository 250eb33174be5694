import type { Knex } from 'knex'
import type { Model } from 'objection'
import type { KnexSessionStore } from '../create-session-store.js'

/** @internal The store of a model class, and how to make it on another Knex than the class's own. */
export interface BoundStore {
  readonly store: KnexSessionStore
  /** The Knex that the store uses. */
  readonly knex: () => Knex
  readonly openOn: (knex: Knex) => KnexSessionStore
}

const stores = new WeakMap<object, BoundStore>()
const onOthers = new WeakMap<BoundStore, WeakMap<Knex, KnexSessionStore>>()

/** @internal Remembers the store of a model class. */
export function bindStore(modelClass: object, bound: BoundStore): void {
  stores.set(modelClass, bound)
}

/**
 * @internal The store of an instance's class; hosts make subclasses, so its ancestors count too. `bindKnex` makes one that
 * belongs to another database, and the verbs follow it there; into a transaction they cannot follow.
 */
export function storeOf(instance: Model): KnexSessionStore {
  const modelClass = instance.constructor as typeof Model
  const bound = boundTo(modelClass)
  if (bound === undefined) {
    throw new TypeError(
      `${modelClass.name} has no store yet: call \`storeFor({ Conversation, Message })\` once when the application starts.`,
    )
  }
  const knex = modelClass.knex() as Knex | undefined
  if (knex === undefined || knex === bound.knex()) return bound.store
  if (knex.isTransaction === true) {
    throw new TypeError(
      `${modelClass.name} is bound to a transaction, in which no verb of a turn may run: what it writes must be committed before OpenCode is called. Call it after the commit, on a row of the unbound class.`,
    )
  }
  const others = onOthers.get(bound) ?? new WeakMap<Knex, KnexSessionStore>()
  onOthers.set(bound, others)
  const store = others.get(knex) ?? bound.openOn(knex)
  others.set(knex, store)
  return store
}

function boundTo(modelClass: unknown): BoundStore | undefined {
  for (
    let ancestor: unknown = modelClass;
    typeof ancestor === 'function';
    ancestor = Object.getPrototypeOf(ancestor)
  ) {
    const bound = stores.get(ancestor)
    if (bound !== undefined) return bound
  }
  return undefined
}
