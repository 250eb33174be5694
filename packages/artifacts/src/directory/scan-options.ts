import { assertKnown, type Names } from '../known-options.js'

/** How far a collection looks for files that no tool call names. */
export interface ScanOptions {
  /** Most files and folders to look at. Default: 20 000. */
  readonly maxEntries?: number | undefined
  /** Deepest folder to enter; 0 is the agent's directory itself. Default: 16. */
  readonly maxDepth?: number | undefined
  /** Longest time, in milliseconds. Default: 10 000. */
  readonly maxMs?: number | undefined
  /**
   * How far the clock of the disk may be behind that of this process, in milliseconds: what changed so short before the turn counts as
   * the turn's. Default: 2000, which the coarsest file systems round to.
   */
  readonly slackMs?: number | undefined
  /**
   * Files to pass over, and folders with all that is in them, by their path below the agent's directory. `.git` always is. Default:
   * names that begin with a dot, `node_modules`, `venv` and `__pycache__`. For the rules of `.gitignore` give
   * `(path) => rules.ignores(path)` of the package `ignore`.
   */
  readonly ignore?: ((path: string) => boolean) | undefined
}

/** {@link ScanOptions}, checked. */
export interface ScanLimits {
  readonly maxEntries: number
  readonly maxDepth: number
  readonly maxMs: number
  readonly slackMs: number
  readonly ignore: (path: string) => boolean
}

const ignoredByDefault = /(?:^|\/)(?:\.[^/]*|node_modules|venv|__pycache__)(?:\/|$)/

export const defaultSlackMs = 2000

const names: Names<ScanOptions> = {
  maxEntries: true,
  maxDepth: true,
  maxMs: true,
  slackMs: true,
  ignore: true,
}

/** `null` for no scan. */
export function checkScan(scan: boolean | ScanOptions): ScanLimits | null {
  if (scan === false) return null
  const options = scan === true ? {} : scan
  assertKnown('`scan`', options, names)
  const { maxEntries = 20_000, maxDepth = 16, maxMs = 10_000, slackMs = defaultSlackMs } = options
  for (const [name, value] of Object.entries({ maxEntries, maxDepth, maxMs, slackMs })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`\`scan.${name}\` must be a whole number, 0 or more.`)
    }
  }
  const { ignore = (path: string): boolean => ignoredByDefault.test(path) } = options
  if (typeof ignore !== 'function') throw new TypeError('`scan.ignore` must be a function.')
  const ignoreGit = (path: string): boolean => /(?:^|\/)\.git$/.test(path) || ignore(path)
  return { maxEntries, maxDepth, maxMs, slackMs, ignore: ignoreGit }
}

/** Whether a search would not come to this path: it is passed over, or a folder on the way is. */
export function isPassedOver(path: string, { ignore }: ScanLimits): boolean {
  const segments = path.split('/')
  return segments.some((_, index) => ignore(segments.slice(0, index + 1).join('/')))
}
