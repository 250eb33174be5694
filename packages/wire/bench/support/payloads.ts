import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../../../testkit/cassettes/', import.meta.url)

/** The data of every recorded `/event` frame that belongs to a session, as the real server wrote it. */
function recordedPayloads(): string[] {
  const payloads: string[] = []
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.jsonl'))) {
    for (const line of readFileSync(new URL(name, folder), 'utf8').split('\n')) {
      if (!line.startsWith('{')) continue
      const { dir, raw } = JSON.parse(line) as { dir: string; raw?: string }
      if (dir !== 'sse' || raw === undefined || !raw.startsWith('data: {"id"')) continue
      const data = raw.slice(6).trimEnd()
      if (/"properties":\{"sessionID":"ses_/.test(data)) payloads.push(data)
    }
  }
  return payloads
}

/**
 * The recorded payloads over and over. Of several sessions each gets a stretch of its own of them, with
 * ids of its own, and all are busy at once.
 */
export function spreadOverSessions(count: number, sessions: number): string[] {
  const recorded = recordedPayloads()
  return Array.from({ length: count }, (_, index) => {
    const session = index % sessions
    const step = Math.floor(index / sessions) + Math.floor((session * recorded.length) / sessions)
    const payload = recorded[step % recorded.length] ?? ''
    const id = payload.match(/"sessionID":"(ses_[^"]*)"/)?.[1] ?? ''
    return payload
      .replaceAll(id, sessionName(session))
      .replaceAll(/((?:msg|prt)_\w{22})(\w{4})/g, (_, head: string, tail: string) =>
        session === 0 ? head + tail : head + shifted(tail, session * 7919),
      )
  })
}

/** The same events, one session's after another's, as if all were of one session. */
export function joinedToOne(count: number, sessions: number): string[] {
  const spread = spreadOverSessions(count, sessions)
  return Array.from({ length: sessions }, (_, session) => session).flatMap((session) =>
    spread
      .filter((_, index) => index % sessions === session)
      .map((payload) => payload.replaceAll(sessionName(session), sessionName(0))),
  )
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Another tail of an id, a different one for every distance. */
function shifted(tail: string, distance: number): string {
  let number = 0
  for (const digit of tail) number = number * digits.length + digits.indexOf(digit)
  number = (number + distance) % digits.length ** tail.length
  let text = ''
  for (; text.length < tail.length; number = Math.floor(number / digits.length)) {
    text = (digits[number % digits.length] ?? '') + text
  }
  return text
}

/**
 * A long answer as it streams: the first recorded delta again and again, each with an id and a word of its
 * own, and a new part now and then.
 */
export function streamedDeltas(count: number): string[] {
  const [recorded = ''] = recordedPayloads().filter((each) => each.includes('"message.part.delta"'))
  const event = JSON.parse(recorded) as { id: string; properties: Record<string, string> }
  const numbered = (id: string, index: number): string =>
    id.slice(0, -6) + String(index).padStart(6, '0')
  return Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      ...event,
      id: numbered(event.id, index),
      properties: {
        ...event.properties,
        sessionID: sessionName(0),
        partID: numbered(event.properties['partID'] ?? '', Math.floor(index / 500)),
        delta: words[index % words.length],
      },
    }),
  )
}

const words =
  'The| quick| brown| fox| jumps| over| the| "lazy"| dog|.\n\n|Ça| va|: `const x = 1`'.split('|')

export function sessionName(index: number): string {
  return `ses_bench${String(index).padStart(21, '0')}`
}
