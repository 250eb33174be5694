import { readdirSync, readFileSync } from 'node:fs'

/** A process below another one. */
export interface BelowProcess {
  readonly pid: number
  readonly name: string
  /** What it used so far, in milliseconds; counted in hundredths of a second. */
  readonly cpuMs: number
  readonly rssBytes: number
}

/** All processes below `root`, without `except` and what is below that. Linux only. */
export function processesBelow(root: number, except: number): readonly BelowProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(readProcess)
  const below = (parent: number): readonly (BelowProcess & { readonly parent: number })[] =>
    all
      .filter((each) => each.parent === parent && each.pid !== except)
      .flatMap((each) => [each, ...below(each.pid)])
  return below(root)
}

function readProcess(pid: string): (BelowProcess & { readonly parent: number })[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [parent = 0, user = 0, system = 0, pages = 0] = [1, 11, 12, 21].map((at) => fields[at])
    return [
      { pid: Number(pid), name, parent, cpuMs: (user + system) * 10, rssBytes: pages * 4_096 },
    ]
  } catch {
    // It has ended meanwhile.
    return []
  }
}
