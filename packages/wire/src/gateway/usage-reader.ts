import { createParser } from 'eventsource-parser'
import { readUsage, type SaidUsage } from './usage.js'

/** Reads along while an answer passes. */
export interface UsageReader {
  add(chunk: Uint8Array): void
  /** What the answer said was used; null when it did not. */
  end(): SaidUsage | null
  /** About how many tokens have come so far; null where that cannot be told from what came. */
  readonly tokens: number | null
}

const mostKeptBytes = 16 * 1024 * 1024
/** Of an event: so many tokens at least, and one for so many characters beyond what is around its words. */
const leastTokens = 4
const aroundWords = 400
const charactersPerToken = 4

/** For a streamed answer or a whole one; anything else says nothing. */
export function createUsageReader(contentType: string): UsageReader {
  if (contentType.includes('text/event-stream')) return ofEvents()
  if (contentType.includes('json')) return ofWhole()
  return { add: () => undefined, end: () => null, tokens: null }
}

function ofEvents(): UsageReader {
  const decoder = new TextDecoder()
  let usage: SaidUsage | null = null
  let tokens = 0
  let isBroken = false
  const parser = createParser({
    maxBufferSize: mostKeptBytes,
    onError: (error) => (isBroken ||= error.type === 'max-buffer-size-exceeded'),
    onEvent: ({ data }) => {
      const words = Math.ceil((data.length - aroundWords) / charactersPerToken)
      tokens += Math.max(leastTokens, words)
      // Most events are words; those that hold the usage name it.
      if (data.includes('"usage"')) usage = readUsage(parse(data), usage)
    },
  })
  return {
    add(chunk) {
      if (!isBroken) parser.feed(decoder.decode(chunk, { stream: true }))
    },
    end: () => usage,
    get tokens() {
      return isBroken ? null : tokens
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
    end() {
      const usage = readUsage(parse(Buffer.concat(chunks).toString('utf8')), null)
      // What was cut is no JSON.
      return usage && { ...usage, isFinal: true }
    },
    tokens: null,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
