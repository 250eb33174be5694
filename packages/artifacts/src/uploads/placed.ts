import type { Upload } from './upload.js'

/** An upload that is in the agent's workspace. */
export interface PlacedUpload {
  readonly upload: Upload
  /** Its path below the agent's directory. */
  readonly path: string
  /** The same as the server names it, absolute. */
  readonly agentPath: string
}

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
