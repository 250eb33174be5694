/** When a stream of a turn ends. */
export interface TurnEnd {
  /**
   * Settles when the turn is over, in any way: for example the promise of `runTurn`. How it ended is what the reply's
   * `outcome()` says then.
   */
  readonly ended: Promise<unknown>
  /** Ends the stream early. */
  readonly signal?: AbortSignal | undefined
}

/** What a stream of a running turn has to know while it reads. */
export interface RunningTurn {
  readonly isOver: boolean
  /** True once no one reads on: the reader left, or the stream was aborted. */
  readonly isLeft: boolean
  /** Aborts when there is no reason any more to let time pass: the turn is over, or no one reads on. */
  readonly hurry: AbortSignal
  /** Resolves when something happened since the last time. */
  sleep(): Promise<void>
  /** Ends the sleep. */
  readonly wake: () => void
}

/**
 * A stream of a running turn, written as a generator.
 *
 * A generator that sleeps returns only when it wakes, and one that no one asks does not run at all. So a reader that
 * leaves, or an abort, frees what the stream holds without the generator.
 */
export function followTurn<Item>(
  end: TurnEnd,
  listen: (wake: () => void) => () => void,
  read: (turn: RunningTurn) => AsyncGenerator<Item>,
): AsyncGenerator<Item> {
  const turn = new Following()
  async function* run(): AsyncGenerator<Item> {
    // Not before the first read, so that a stream which no one reads holds nothing.
    turn.begin(end, listen)
    try {
      yield* read(turn)
    } finally {
      turn.leave()
    }
  }
  const items = run()
  const back = items.return.bind(items)
  items.return = (value) => {
    turn.leave()
    return back(value)
  }
  return items
}

class Following implements RunningTurn {
  isOver = false
  isLeft = false
  readonly #hurry = new AbortController()
  readonly #link: { turn: Following | null } = { turn: this }
  #stops: readonly (() => void)[] = []
  #isCalled = false
  #resume: (() => void) | null = null

  get hurry(): AbortSignal {
    return this.#hurry.signal
  }

  readonly wake = (): void => {
    this.#isCalled = true
    this.#resume?.()
  }

  begin({ ended, signal }: TurnEnd, listen: (wake: () => void) => () => void): void {
    tellEnd(ended, this.#link)
    const leave = (): void => this.leave()
    // One of its own, because many streams share the host's signal, and Node warns of many listeners.
    const own = AbortSignal.any(signal === undefined ? [] : [signal])
    own.addEventListener('abort', leave)
    this.#stops = [listen(this.wake), () => own.removeEventListener('abort', leave)]
    if (own.aborted) this.leave()
  }

  end(): void {
    this.isOver = true
    this.#hurry.abort()
    this.wake()
  }

  leave(): void {
    this.isLeft = true
    this.#link.turn = null
    for (const stop of this.#stops) stop()
    this.#stops = []
    this.#hurry.abort()
    this.wake()
  }

  async sleep(): Promise<void> {
    if (!this.#isCalled) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve
      })
    }
    this.#resume = null
    this.#isCalled = false
  }
}

/** The turn may go on long after a reader left, so its end keeps no more of that one than the link. */
function tellEnd(ended: TurnEnd['ended'], link: { turn: Following | null }): void {
  const tell = (): void => link.turn?.end()
  ended.then(tell, tell)
}
