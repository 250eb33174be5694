import { foldFileName, foldWholeName } from '../file-name.js'
import type { Transform } from '../transforms/transform.js'
import { Drop } from '../directory/drop-reason.js'

/** Names that only the host may use. */
export interface OwnedNames {
  /** Throws a Drop for a path whose last part is such a name, however it is spelt. */
  refuse(path: string): void
}

export function createOwnedNames(
  reservedNames: readonly string[],
  transforms: readonly Transform[],
): OwnedNames {
  const reserved = new Set(reservedNames.map(foldFileName))
  return {
    refuse: (path) => {
      const name = path.split('/').at(-1) ?? path
      const isReserved = reserved.has(foldFileName(name))
      // Once as it is, and once as a download of it would be called.
      const isOwned = [foldWholeName(name), foldFileName(name)].some((folded) =>
        transforms.some((transform) => transform.owns(folded)),
      )
      if (isReserved || isOwned) throw new Drop('reserved_name')
    },
  }
}
