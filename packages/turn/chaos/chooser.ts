/** Chooses some of many, the same with the same seed. @param most - Less than 1: one of them, that often. */
export function createChooser(
  seed: number,
  most: number,
): <T>(items: readonly T[]) => readonly T[] {
  let state = seed >>> 0
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return (items) => {
    if (most >= items.length) return items
    const count = most < 1 ? Number(random() < most) : most
    const left = [...items]
    return Array.from({ length: count }, () =>
      left.splice(Math.floor(random() * left.length), 1),
    ).flat()
  }
}
