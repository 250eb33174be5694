import type { ConversationColumns, MessageColumns } from '../tables.js'

/** @internal The column names that each mixed class was made with. */
export const conversationColumnsOf: WeakMap<object, ConversationColumns> = new WeakMap()

/** @internal */
export const messageColumnsOf: WeakMap<object, MessageColumns> = new WeakMap()

/** @internal Finds what a mixin remembered about one of the ancestors of a class. */
export function inherited<Columns>(
  known: WeakMap<object, Columns>,
  modelClass: object,
): Columns | undefined {
  for (
    let ancestor: object | null = modelClass;
    ancestor !== null;
    ancestor = Object.getPrototypeOf(ancestor) as object | null
  ) {
    const columns = known.get(ancestor)
    if (columns !== undefined) return columns
  }
  return undefined
}
