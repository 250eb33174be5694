import type { ReplyPart, ReplyView, SubAgent } from '@turnstead/reply'

/** Of what never changes; a view's objects are replaced when they do. */
const sizes = new WeakMap<object, number>()

/** About how many characters an object takes as JSON, counted once for each. */
function sizeOf(value: object): number {
  const known = sizes.get(value)
  if (known !== undefined) return known
  const size = JSON.stringify(value).length
  sizes.set(value, size)
  return size
}

/** A text grows by every delta, and counting all of it each time would cost the square of its length. */
export function partSize(part: ReplyPart): number {
  return part.kind === 'text' || part.kind === 'reasoning' ? part.text.length + 250 : sizeOf(part)
}

export function childSize(child: SubAgent): number {
  return child.parts.reduce((sum, part) => sum + partSize(part), 0)
}

/** About how many characters the output of a run takes as JSON. */
export function viewSize(view: ReplyView): number {
  const parts = view.parts.reduce((sum, part) => sum + partSize(part), 0)
  const children = view.children.reduce((sum, child) => sum + childSize(child), 0)
  return parts + children + sizeOf(view.asks) + sizeOf(view.todos) + sizeOf(view.workspace)
}
