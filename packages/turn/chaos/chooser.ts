/** How many of one kind are taken by the quick set. Less than 1: one of them, that often. */
export interface Share {
  /** On the first database. */
  readonly first: number
  /** On each of the others. */
  readonly later: number
  /** With `--all` on the first database. Default: all. */
  readonly all?: number
  /** With `--all` on each of the others, where it is the server that differs and not the rows. Default: as on the first. */
  readonly allLater?: number
}

export type Choose = <T>(items: readonly T[], share: Share) => readonly T[]

/** Chooses some of many, the same with the same seed. */
export function createChooser({
  seed,
  isFirst,
  isAll,
}: {
  readonly seed: number
  readonly isFirst: boolean
  readonly isAll: boolean
}): Choose {
  let state = seed >>> 0
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const mostOf = ({ first, later, all = Infinity, allLater = all }: Share): number => {
    if (isAll) return isFirst ? all : allLater
    return isFirst ? first : later
  }
  return (items, share) => {
    const most = mostOf(share)
    if (most >= items.length) return items
    const count = most < 1 ? Number(random() < most) : most
    const left = [...items]
    return Array.from({ length: count }, () =>
      left.splice(Math.floor(random() * left.length), 1),
    ).flat()
  }
}
