import type { Exchange, SeenEvent, Transcript } from './client.js'

/** A transcript in a form in which two servers can be compared. */
export interface Comparable {
  readonly exchanges: readonly unknown[]
  /** Events of each session, in order; `none` for those that name no session. */
  readonly sessions: Readonly<Record<string, readonly unknown[]>>
  /** What background jobs reported last. */
  readonly background: Readonly<Record<string, unknown>>
}

/** What normalising does, for the fidelity page. */
export const rules: readonly string[] = [
  'Ids become `ses#1`, `msg#2` and so on, in the order in which they first appear; times, slugs, error references and hashes become a mark. Whether they are there is compared.',
  'The project directory becomes `/workspace`, ports and host names become a mark.',
  'Events are compared session by session: how the events of two sessions interleave is chance on the real server.',
  '`session.status busy` is a level: repeated ones count once.',
  '`session.updated`, `session.diff` and `message.updated` of user messages come from background jobs at any moment: their last state is compared, not their place.',
  'The final update of a text may come before or after the next tool call: it is put before `step-finish`. `permission.asked` and `question.asked` are put after the `running` update of their tool.',
  'Updates of tools that run side by side are put in the order of their calls. Of repeated `running` updates the first counts, without its metadata.',
  'A `message.updated` of an assistant message may be written late, and then shows what the message has become: how many there are, where, and the last state are compared.',
  'How far a parent comes whose child is stopped is chance on the real server: those scenarios are played up to three times, until one is the same.',
  '`file.watcher.updated`, `plugin.added`, `catalog.updated`, `reference.updated`, `integration.updated`, `project.updated`, `server.*`, `lsp.*` and `mcp.*` are left out: they tell of the machine.',
]

const ignored =
  /^(file\.watcher\.updated|plugin\.|catalog\.|reference\.|integration\.|project\.|server\.|lsp\.|mcp\.|ide\.|installation\.|vcs\.|session\.next\.|tui\.|command\.list)/u

/** Makes a transcript comparable. */
export function normalise(transcript: Transcript): Comparable {
  const rename = createRenamer(transcript.directory)
  const kept = transcript.events.filter((event) => !ignored.test(event.type))
  const bySession = new Map<string, SeenEvent[]>()
  const background: Record<string, unknown> = {}
  const own = new Set<string>()
  for (const event of kept) if (event.type === 'session.created') own.add(sessionOf(event))
  for (const event of kept) {
    const session = sessionOf(event)
    if (session !== 'none' && !own.has(session)) continue
    const job = backgroundKey(event)
    if (job !== null) background[job] = event.properties
    const list = bySession.get(session) ?? []
    bySession.set(session, list)
    if (job === null) list.push(event)
  }
  const sessions: Record<string, readonly unknown[]> = {}
  for (const [session, events] of bySession) {
    sessions[rename.text(session)] = tidy(events).map((event) =>
      rename.value({ type: event.type, ...event.properties }),
    )
  }
  return {
    sessions,
    background: Object.fromEntries(
      Object.entries(background).map(([key, value]) => [rename.text(key), rename.value(value)]),
    ),
    exchanges: transcript.exchanges.map((exchange) => rename.value(showExchange(exchange))),
  }
}

function showExchange(exchange: Exchange): unknown {
  const { contentType, ...rest } = exchange
  return { ...rest, contentType: contentType?.split(';')[0] ?? null }
}

function sessionOf(event: SeenEvent): string {
  const { sessionID } = event.properties
  return typeof sessionID === 'string' ? sessionID : 'none'
}

function backgroundKey(event: SeenEvent): string | null {
  const info = recordOf(event.properties['info'])
  if (event.type === 'session.updated') return `session.updated ${sessionOf(event)}`
  if (event.type === 'session.diff') return `session.diff ${sessionOf(event)}`
  if (event.type === 'message.updated' && info['role'] === 'user')
    return `message.updated ${String(info['id'])}`
  return null
}

/** Puts into a fixed order what comes in a chance order. */
function tidy(events: readonly SeenEvent[]): readonly SeenEvent[] {
  return showLastState(orderTools(orderTexts(dropRepeats(events))))
}

/** Events of an assistant message may be written late, and then show what it has become meanwhile. */
function showLastState(events: readonly SeenEvent[]): readonly SeenEvent[] {
  const last = new Map<unknown, unknown>()
  const idOf = (event: SeenEvent): unknown =>
    event.type === 'message.updated' ? recordOf(event.properties['info'])['id'] : undefined
  for (const event of events)
    if (idOf(event) !== undefined) last.set(idOf(event), event.properties['info'])
  return events.map((event) => {
    const id = idOf(event)
    return id === undefined
      ? event
      : { ...event, properties: { ...event.properties, info: last.get(id) } }
  })
}

function dropRepeats(events: readonly SeenEvent[]): readonly SeenEvent[] {
  let status = ''
  const running = new Set<string>()
  const kept: SeenEvent[] = []
  for (const event of events) {
    if (event.type === 'session.status') {
      const next = JSON.stringify(event.properties['status'])
      if (next === status && next.includes('busy')) continue
      status = next
    }
    const part = recordOf(event.properties['part'])
    const state = recordOf(part['state'])
    if (part['type'] === 'tool' && state['status'] === 'running') {
      const id = String(part['id'])
      if (running.has(id)) continue
      running.add(id)
      const { metadata: _metadata, title: _title, ...rest } = state
      kept.push({ ...event, properties: { ...event.properties, part: { ...part, state: rest } } })
      continue
    }
    kept.push(event)
  }
  return kept
}

/** The end of a text waits until its step ends, or its message, or an error comes. */
function orderTexts(events: readonly SeenEvent[]): readonly SeenEvent[] {
  const kept: SeenEvent[] = []
  let waiting: SeenEvent[] = []
  const flush = (): void => {
    kept.push(...waiting)
    waiting = []
  }
  for (const event of events) {
    const part = recordOf(event.properties['part'])
    const isEnd = part['type'] === 'text' && recordOf(part['time'])['end'] !== undefined
    if (isEnd) {
      waiting.push(event)
      continue
    }
    const info = recordOf(event.properties['info'])
    const ends =
      part['type'] === 'step-finish' ||
      (event.type === 'message.updated' && info['role'] === 'assistant') ||
      event.type === 'session.idle'
    if (ends && !(event.type === 'session.idle' && waiting.length === 0)) flush()
    kept.push(event)
  }
  flush()
  return kept
}

/** All that concerns one tool call stands together, calls in their order. */
function orderTools(events: readonly SeenEvent[]): readonly SeenEvent[] {
  const kept: (SeenEvent | { readonly call: string })[] = []
  const groups = new Map<string, SeenEvent[]>()
  const callOfAsk = new Map<string, string>()
  for (const event of events) {
    const call = callOf(event, callOfAsk)
    if (call === null) {
      kept.push(event)
      continue
    }
    const group = groups.get(call)
    if (group) group.push(event)
    else {
      groups.set(call, [event])
      kept.push({ call })
    }
  }
  const calls = [...groups.keys()].toSorted()
  void calls
  return kept.flatMap((each) =>
    'call' in each ? (groups.get(each.call) ?? []).toSorted(byRank) : [each],
  )
}

function byRank(one: SeenEvent, other: SeenEvent): number {
  return rank(one) - rank(other)
}

function rank(event: SeenEvent): number {
  if (event.type.endsWith('.asked')) return 2
  if (/\.(replied|rejected)$/u.test(event.type)) return 3
  const { status } = recordOf(recordOf(event.properties['part'])['state'])
  return status === 'pending' ? 0 : status === 'running' ? 1 : 4
}

function callOf(event: SeenEvent, callOfAsk: Map<string, string>): string | null {
  const part = recordOf(event.properties['part'])
  if (part['type'] === 'tool') return String(part['callID'])
  if (event.type.endsWith('.asked')) {
    const call = recordOf(event.properties['tool'])['callID']
    if (typeof call !== 'string') return null
    callOfAsk.set(String(event.properties['id']), call)
    return call
  }
  if (/^(permission|question)\.(replied|rejected)$/u.test(event.type)) {
    return callOfAsk.get(String(event.properties['requestID'])) ?? null
  }
  return null
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

interface Renamer {
  text(value: string): string
  value(value: unknown): unknown
}

const times = new Set([
  'created',
  'updated',
  'completed',
  'start',
  'end',
  'next',
  'time',
  'archived',
  'initialized',
])

function createRenamer(directory: string): Renamer {
  const names = new Map<string, string>()
  const counts = new Map<string, number>()
  const bare = directory.replace(/^\//u, '')
  const name = (kind: string, id: string): string => {
    const known = names.get(id)
    if (known !== undefined) return known
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    const made = `${kind}#${count}`
    names.set(id, made)
    return made
  }
  const text = (value: string): string =>
    value
      .replaceAll(directory, '/workspace')
      .replaceAll(bare, 'workspace')
      .replaceAll(encodeURIComponent(directory), '%2Fworkspace')
      .replaceAll(/\beyJ[\w-]+/gu, 'cursor#')
      .replaceAll(/\b01[0-9A-Z]{24}\b/gu, 'call#')
      .replaceAll(
        /(EffectDrizzleQueryError: )?Failed query: insert into "(part|message)"[^]*/gu,
        'Failed query#',
      )
      .replaceAll(
        /\b(ses|msg|prt|per|que|evt)_[0-9a-f]{12}[0-9A-Za-z]{14}\b/gu,
        (id, kind: string) => name(kind, id),
      )
      .replaceAll(/\bcall_\w+\b/gu, (id) => name('call', id))
      .replaceAll(/[\w./-]*data\/opencode\/plans(\/\d+-[\w-]+\.md)?/gu, 'plans#')
      .replaceAll(/[\w./-]*data\/opencode\/tool-output\/tool_\w+/gu, 'tool-output#')
      .replaceAll(/err_[0-9a-f]{8}/gu, 'err#')
      .replaceAll(/\b[0-9a-f]{40}\b/gu, 'hash#')
      .replaceAll(/\b17\d{11}\b/gu, 'time#')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/gu, 'date#')
      .replaceAll(/127\.0\.0\.1(:\d+)?/gu, 'host#')
  const value = (given: unknown, key = ''): unknown => {
    if (typeof given === 'string') return key === 'slug' ? 'slug#' : text(given)
    if (typeof given === 'number') return times.has(key) && given > 1e12 ? 'time#' : given
    if (Array.isArray(given)) return given.map((each) => value(each))
    if (typeof given !== 'object' || given === null) return given
    const entries = Object.entries(given).filter(([, each]) => each !== undefined)
    return Object.fromEntries(
      entries
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, each]) => [text(name), value(each, name)]),
    )
  }
  return { text, value: (given) => value(given) }
}
