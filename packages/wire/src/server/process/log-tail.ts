import { StringDecoder } from 'node:string_decoder'
import type { Readable } from 'node:stream'

/** The end of what a process printed, bounded and without secrets. */
export class LogTail {
  readonly #limit: number
  readonly #redact: (text: string) => string
  #text = ''

  constructor(limit: number, redact: (text: string) => string) {
    this.#limit = limit
    this.#redact = redact
  }

  /** Keeps reading, so that a chatty process never blocks on a full pipe. */
  follow(stream: Readable): void {
    const decoder = new StringDecoder('utf8')
    stream.on('data', (chunk: Buffer) => this.append(decoder.write(chunk)))
    stream.on('error', () => undefined)
  }

  append(text: string): void {
    this.#text += text
    // Redacting before cutting: half a secret at the cut would no longer be recognised.
    if (this.#text.length > 2 * this.#limit) this.#text = this.text()
  }

  text(): string {
    // Without a limit above 0 `slice` would keep everything.
    return this.#limit === 0 ? '' : this.#redact(this.#text).slice(-this.#limit)
  }

  /** The last printed words on one line, for an error message. */
  summary(): string {
    const text = this.text().trim().replaceAll(/\s+/g, ' ').slice(-maxSummaryLength)
    return text === '' ? 'It printed nothing.' : `It last printed: ${text}`
  }
}

const maxSummaryLength = 400
