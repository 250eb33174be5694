import type { SessionStore } from '../session-store.js'

const stores = new WeakMap<object, SessionStore>()

/** @internal Remembers the store of a model class. */
export function bindStore(modelClass: object, store: SessionStore): void {
  stores.set(modelClass, store)
}

/** @internal The store of an instance's class; `bindKnex` and hosts make subclasses, so its ancestors count too. */
export function storeOf(instance: object): SessionStore {
  let modelClass: unknown = instance.constructor
  while (typeof modelClass === 'function') {
    const store = stores.get(modelClass)
    if (store !== undefined) return store
    modelClass = Object.getPrototypeOf(modelClass)
  }
  throw new TypeError(
    `${instance.constructor.name} has no store yet: call \`storeFor({ Conversation, Message })\` once when the application starts.`,
  )
}
