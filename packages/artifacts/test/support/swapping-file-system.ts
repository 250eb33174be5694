import { nodeFileSystem, type FileSystem } from '../../src/directory/file-system.js'

type Call = 'lstat' | 'realpath' | 'open' | 'names'

/** What to do just before a call, and whether descriptors may anchor paths. */
export interface Swap {
  readonly before: Call
  /** End of the path of the call. */
  readonly path: string
  /** Which of the matching calls, from 1. Default: 1. */
  readonly nth?: number
  readonly run: () => Promise<void>
}

/** The real file system with an attacker in it, who acts at exactly the chosen moments. */
export function swappingFileSystem(
  swaps: readonly Swap[],
  options: { readonly canAnchor: boolean },
): FileSystem {
  const seen = new Map<Swap, number>()
  async function attack(call: Call, path: string): Promise<void> {
    for (const swap of swaps) {
      if (swap.before !== call || !path.endsWith(swap.path)) continue
      const count = (seen.get(swap) ?? 0) + 1
      seen.set(swap, count)
      if (count === (swap.nth ?? 1)) await swap.run()
    }
  }
  return {
    lstat: async (path) => {
      if (!options.canAnchor && path.endsWith('/.')) throw new Error('There is no /proc here.')
      await attack('lstat', path)
      return nodeFileSystem.lstat(path)
    },
    realpath: async (path) => {
      await attack('realpath', path)
      return nodeFileSystem.realpath(path)
    },
    open: async (path, flags) => {
      await attack('open', path)
      return nodeFileSystem.open(path, flags)
    },
    names: async function* (path) {
      await attack('names', path)
      yield* nodeFileSystem.names(path)
    },
  }
}
