import { createParser } from 'eventsource-parser'
import { type ModelUsage, readUsage } from './usage.js'

/** Reads along while an answer passes. */
export interface UsageReader {
  add(chunk: Uint8Array): void
  /** What the answer said was used; null when it did not. */
  end(): ModelUsage | null
  /** Events so far. */
  readonly frames: number
}

const mostKeptBytes = 16 * 1024 * 1024

/** For a streamed answer or a whole one; anything else says nothing. */
export function createUsageReader(contentType: string): UsageReader {
  if (contentType.includes('text/event-stream')) return ofEvents()
  if (contentType.includes('json')) return ofWhole()
  return { add: () => undefined, end: () => null, frames: 0 }
}

function ofEvents(): UsageReader {
  const decoder = new TextDecoder()
  let usage: ModelUsage | null = null
  let frames = 0
  let isBroken = false
  const parser = createParser({
    maxBufferSize: mostKeptBytes,
    onError: (error) => (isBroken ||= error.type === 'max-buffer-size-exceeded'),
    onEvent: ({ data }) => {
      frames += 1
      // Most events are words; those that hold the usage name it.
      if (data.includes('"usage"')) usage = readUsage(parse(data), usage)
    },
  })
  return {
    add(chunk) {
      if (!isBroken) parser.feed(decoder.decode(chunk, { stream: true }))
    },
    end: () => usage,
    get frames() {
      return frames
    },
  }
}

function ofWhole(): UsageReader {
  const chunks: Uint8Array[] = []
  let bytes = 0
  return {
    add(chunk) {
      bytes += chunk.byteLength
      if (bytes <= mostKeptBytes) chunks.push(chunk)
    },
    end: () => readUsage(parse(Buffer.concat(chunks).toString('utf8')), null),
    frames: 0,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
