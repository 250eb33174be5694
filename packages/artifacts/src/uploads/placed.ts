import type { PlacedUpload } from './place.js'

const placedHere = new WeakSet<object>()

/** Notes that these are paths of this package's making. */
export function markPlaced(placed: PlacedUpload): PlacedUpload {
  placedHere.add(placed)
  return placed
}

/** Whether {@link markPlaced} made it: a path of anybody else's could lead the server to any file of its machine. */
export function wasPlaced(placed: PlacedUpload): boolean {
  return placedHere.has(placed)
}
