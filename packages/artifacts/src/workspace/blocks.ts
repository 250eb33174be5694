/** Bytes of an archive on their way: many short pieces, given on as few long ones. */
export interface Blocks {
  /** Where the next byte will be in the archive. */
  readonly position: () => number
  readonly add: (bytes: Uint8Array) => void
  /** What waits, if it is enough to be given on. */
  readonly full: () => Generator<Uint8Array>
  /** What waits. */
  readonly rest: () => Generator<Uint8Array>
}

const blockBytes = 262_144

export function createBlocks(): Blocks {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let position = 0

  function* rest(): Generator<Uint8Array> {
    if (waitingBytes === 0) return
    const bytes = Buffer.concat(waiting, waitingBytes)
    waiting = []
    waitingBytes = 0
    yield bytes
  }

  return {
    position: () => position,
    add: (bytes) => {
      if (bytes.byteLength === 0) return
      waiting.push(bytes)
      waitingBytes += bytes.byteLength
      position += bytes.byteLength
    },
    full: function* () {
      if (waitingBytes >= blockBytes) yield* rest()
    },
    rest,
  }
}
