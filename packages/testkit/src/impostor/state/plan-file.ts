import type { SessionRecord } from './records.js'

/** Where the plan of a session stands outside of git, in the server's own folder. */
export function planFile({ info }: SessionRecord): string {
  return `/opencode-home/data/opencode/plans/${info.time.created}-${info.slug}.md`
}
