/** Names for what passes; the same in every run of the same scenario. */
export interface PointNames {
  /** `POST /session/*` and, from the second on, `POST /session/* (2)`. */
  request(method: string, path: string): string
  /** `frame message.part.delta (3)`; null for frames that tell nothing of a turn. */
  frame(frame: string): string | null
}

const ids = /\b(?:ses|msg|prt|per|que|evt)_\w+/gu

/** Makes names that count up for what comes again. */
export function createPointNames(): PointNames {
  const counts = new Map<string, number>()
  const numbered = (name: string): string => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return count === 1 ? name : `${name} (${count})`
  }
  return {
    request: (method, path) => {
      const [bare = path] = path.split('?')
      return numbered(`${method} ${bare.replace(ids, '*')}`)
    },
    frame: (frame) => {
      const type = typeOf(frame)
      if (type === undefined || type === 'server.heartbeat') return null
      return numbered(`frame ${type}`)
    },
  }
}

/** The global stream wraps each event in a `payload`. */
function typeOf(frame: string): string | undefined {
  const data = /^data: ?(.*)$/mu.exec(frame)?.[1] ?? ''
  try {
    const event: { type?: unknown; payload?: unknown } = Object(JSON.parse(data))
    const { type = Object(event.payload).type } = event
    return typeof type === 'string' ? type : undefined
  } catch {
    return undefined
  }
}

/** `count` of them, the first and the last included, at equal distances. */
export function sampleOf(points: readonly string[], count: number): readonly string[] {
  if (count >= points.length) return points
  if (count === 1) return points.slice(0, 1)
  const step = (points.length - 1) / (count - 1)
  const indexes = Array.from({ length: count }, (_, index) => Math.round(index * step))
  return points.filter((_, index) => indexes.includes(index))
}
