import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../../../testkit/cassettes/', import.meta.url)

/** The frames of every recorded event stream, byte for byte, by cassette. */
export function recordedStreams(): Map<string, string[]> {
  const streams = new Map<string, string[]>()
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.jsonl'))) {
    const frames: string[] = []
    for (const line of readFileSync(new URL(name, folder), 'utf8').split('\n')) {
      if (!line.startsWith('{')) continue
      const entry = JSON.parse(line) as { dir: string; raw?: string }
      if (entry.dir === 'sse' && entry.raw !== undefined) frames.push(entry.raw)
    }
    if (frames.length > 0) streams.set(name, frames)
  }
  return streams
}

/** The data lines of a frame, joined as the event stream format says. */
export function dataOf(frame: string): string | null {
  const lines = frame.split('\n').filter((line) => line.startsWith('data:'))
  if (lines.length === 0) return null
  return lines.map((line) => line.slice(line.startsWith('data: ') ? 6 : 5)).join('\n')
}
