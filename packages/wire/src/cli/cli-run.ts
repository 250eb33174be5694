import type { Readable } from 'node:stream'
import type { ChildControl } from '../server/process/child-control.js'
import type { LogTail } from '../server/process/log-tail.js'
import { parseCliEvent, type CliEvent } from './cli-events.js'
import { CliFold, type CliResult } from './cli-result.js'
import { readLines } from './lines.js'

/**
 * One run of the command line tool. Iterate over it, once, for its events; leaving the loop stops the
 * run. The process waits while nobody reads.
 */
export interface CliRun extends AsyncIterable<CliEvent> {
  /** Process id. */
  readonly pid: number
  /**
   * How it ended. Reads the events itself when nobody has begun to; else it waits until the reader has come to the end, or
   * until {@link CliRun.stop}. A failed run is a value here, too. Rejects with the reason of the signal when that stopped
   * it, or WireError `frame_too_large`.
   */
  finished(): Promise<CliResult>
  /** Stops the process and all it started. May be called again; never rejects. */
  stop(): Promise<void>
  /** The same as {@link CliRun.stop}. */
  [Symbol.asyncDispose](): Promise<void>
}

/** What a run is made of. */
export interface CliParts {
  readonly control: ChildControl
  readonly stdout: Readable
  readonly log: LogTail
  readonly redact: (text: string) => string
  readonly stopGraceMs: number
  readonly maxLineLength: number
  readonly signal: AbortSignal | undefined
  /** Gives back what the run used. */
  readonly release: () => void
}

export class RunningCli implements CliRun {
  readonly #parts: CliParts
  readonly #fold: CliFold
  readonly #result: Promise<CliResult>
  readonly #onAbort = (): void => void this.stop()
  #settle: (outcome: Promise<CliResult>) => void = () => undefined
  #isRead = false
  /** A reader has an event in hand, and may never come back for the next one. */
  #isHeld = false
  #stopping: Promise<void> | null = null

  constructor(parts: CliParts) {
    this.#parts = parts
    this.#fold = new CliFold(parts.redact)
    this.#result = new Promise((resolve) => {
      this.#settle = resolve
    })
    // Who only iterates gets the same failure from the loop.
    this.#result.catch(() => undefined)
    // Node throws away the output of an ended process that nobody reads yet, unless somebody listens like this.
    parts.stdout.on('readable', () => undefined)
    parts.signal?.addEventListener('abort', this.#onAbort)
    if (parts.signal?.aborted === true) this.#onAbort()
  }

  get pid(): number {
    return this.#parts.control.pid
  }

  [Symbol.asyncIterator](): AsyncGenerator<CliEvent, void, undefined> {
    this.#assertUnread()
    return this.#read()
  }

  async finished(): Promise<CliResult> {
    if (!this.#isRead) await this.#drain()
    return this.#result
  }

  async stop(): Promise<void> {
    await this.#stopOnce()
    if (!this.#isHeld) return
    const { signal, stdout } = this.#parts
    stdout.destroy()
    this.#settle(signal?.aborted === true ? Promise.reject(signal.reason) : this.#outcome())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #drain(): Promise<void> {
    try {
      for await (const _event of this);
    } catch {
      // The result rejects with the same.
    }
  }

  #assertUnread(): void {
    if (this.#isRead) throw new TypeError('a run can be iterated over only once')
  }

  async *#read(): AsyncGenerator<CliEvent, void, undefined> {
    // Only now: an iterator that was taken and never used must not keep `finished()` from reading.
    this.#assertUnread()
    this.#isRead = true
    const { control, stdout, maxLineLength, signal } = this.#parts
    let failure: unknown = null
    try {
      for await (const line of readLines(untilEnd(stdout, control.exited), maxLineLength)) {
        const event = parseCliEvent(line)
        this.#fold.add(event)
        this.#isHeld = true
        yield event
        this.#isHeld = false
      }
      signal?.throwIfAborted()
      await within(exitGraceMs, control.exited)
    } catch (error) {
      failure = error
      throw error
    } finally {
      this.#isHeld = false
      await this.#stopOnce()
      this.#settle(failure === null ? this.#outcome() : Promise.reject(failure))
    }
  }

  async #outcome(): Promise<CliResult> {
    const { control, log } = this.#parts
    const exit = await control.exited
    return this.#fold.result(exit, log.text())
  }

  #stopOnce(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const { control, stopGraceMs, signal, release } = this.#parts
    await control.stop({ graceMs: stopGraceMs })
    signal?.removeEventListener('abort', this.#onAbort)
    release()
  }
}

/** A process that has closed its output has nothing more to say. */
const exitGraceMs = 10_000
const idleMs = 250

function within(ms: number, promise: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    void promise.then(() => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
}

/**
 * Every chunk to the end of the stream. Once the process is gone only one that escaped it can still hold the pipe
 * open; that one is not waited for.
 */
async function* untilEnd(
  stdout: Readable,
  exited: Promise<unknown>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let isWaiting = false
  let hasWaited = false
  let isDone = false
  let timer: NodeJS.Timeout | undefined
  void exited.then(() => {
    if (isDone) return
    timer = setInterval(() => {
      if (isWaiting && hasWaited) stdout.destroy()
      hasWaited = isWaiting
    }, idleMs)
    // A reader that never comes back does not reach the end below, and must not keep its process awake.
    timer.unref()
    stdout.once('close', () => clearInterval(timer))
  })
  try {
    isWaiting = true
    for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
      isWaiting = false
      hasWaited = false
      yield chunk
      isWaiting = true
    }
  } catch (error) {
    if (!stdout.destroyed || stdout.errored !== null) throw error
  } finally {
    isDone = true
    clearInterval(timer)
    stdout.destroy()
  }
}
