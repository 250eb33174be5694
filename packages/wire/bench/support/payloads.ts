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

/** The recorded payloads over and over, spread over so many sessions as if all were busy at once. */
export function spreadOverSessions(count: number, sessions: number): string[] {
  const recorded = recordedPayloads()
  return Array.from({ length: count }, (_, index) => {
    const payload = recorded[index % recorded.length] ?? ''
    const id = payload.match(/"sessionID":"(ses_[^"]*)"/)?.[1] ?? ''
    return payload.replaceAll(id, sessionName(index % sessions))
  })
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
