import { isStreamFault, type AnswerFault, type Fault, type StreamFault } from './faults.js'

/** Which requests: a line such as `POST /session/*` + `/prompt_async` (a star is one path segment), or a function. */
export type RequestMatch =
  | string
  | ((request: { readonly method: string; readonly path: string }) => boolean)

/** Faults that wait for their requests. */
export interface FaultPlan {
  /** Adds a fault for the next `times` matching requests. The result takes it back. */
  add(match: RequestMatch, fault: Fault, times: number): () => void
  /** Takes what the request gets: at most one fault of its answer, and all those of its stream. */
  take(request: { readonly method: string; readonly path: string }): {
    readonly answer: AnswerFault | null
    readonly stream: readonly StreamFault[]
  }
  /** Forgets everything. */
  clear(): void
}

interface Planned {
  readonly match: RequestMatch
  readonly fault: Fault
  left: number
}

/** Makes a {@link FaultPlan}. */
export function createFaultPlan(): FaultPlan {
  const planned = new Set<Planned>()
  return {
    add(match, fault, times) {
      const entry: Planned = { match, fault, left: times }
      planned.add(entry)
      return () => planned.delete(entry)
    },
    take(request) {
      const stream: StreamFault[] = []
      let answer: AnswerFault | null = null
      for (const entry of planned) {
        if (!fits(entry.match, request)) continue
        if (isStreamFault(entry.fault)) stream.push(entry.fault)
        else if (answer === null) answer = entry.fault
        else continue
        entry.left -= 1
        if (entry.left <= 0) planned.delete(entry)
      }
      return { answer, stream }
    },
    clear: () => planned.clear(),
  }
}

/** Whether a request is one of those that `match` means. */
export function fits(
  match: RequestMatch,
  request: { readonly method: string; readonly path: string },
): boolean {
  if (typeof match === 'function') return match(request)
  const [method = '', path = ''] = match.includes(' ') ? match.split(' ') : ['*', match]
  if (method !== '*' && method !== request.method) return false
  const wanted = path.split('/')
  const given = request.path.split('/')
  if (wanted.at(-1) === '**') {
    return wanted
      .slice(0, -1)
      .every((segment, index) => segment === '*' || segment === given[index])
  }
  return (
    wanted.length === given.length &&
    wanted.every((segment, index) => segment === '*' || segment === given[index])
  )
}
