/** One thing that waits in the line of its key. */
export interface Entry {
  readonly key: string
}

interface Line<Item> {
  readonly items: Item[]
  isRunning: boolean
  isParked: boolean
}

/**
 * Who is next, of things of which those with one key go one after the other: each line in its own order, the lines by turns,
 * and no more at once than `concurrency`. Knows no time and runs nothing.
 */
export class Lines<Item extends Entry> {
  readonly #concurrency: number
  readonly #lines = new Map<string, Line<Item>>()
  /** Keys whose first item may begin, the one that has waited longest first. */
  readonly #ready = new Set<string>()
  #running = 0
  #waiting = 0

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting
  }

  add(item: Item): void {
    this.#lineOf(item.key).items.push(item)
    this.#waiting += 1
    this.#ready.add(item.key)
    this.#tidy(item.key)
  }

  /** Puts back what is to begin again, before what came after it; it is not next before `unpark`. */
  park(item: Item): void {
    const line = this.#lineOf(item.key)
    line.items.unshift(item)
    line.isParked = true
    this.#waiting += 1
    this.#tidy(item.key)
  }

  unpark(key: string): void {
    const line = this.#lines.get(key)
    if (line === undefined) return
    line.isParked = false
    this.#ready.add(key)
    this.#tidy(key)
  }

  /** Takes what may begin now; undefined when nothing may. */
  next(): Item | undefined {
    if (this.#running >= this.#concurrency) return undefined
    const [key] = this.#ready
    const line = key === undefined ? undefined : this.#lines.get(key)
    const item = line?.items.shift()
    if (key === undefined || line === undefined || item === undefined) return undefined
    line.isRunning = true
    this.#running += 1
    this.#waiting -= 1
    this.#tidy(key)
    return item
  }

  /** What `next` gave has ended. */
  done({ key }: Item): void {
    const line = this.#lines.get(key)
    if (line?.isRunning !== true) return
    line.isRunning = false
    this.#running -= 1
    // At the end of the row: a conversation with many turns must not keep others waiting.
    this.#ready.add(key)
    this.#tidy(key)
  }

  /** Takes out what waits and is chosen. */
  remove(isChosen: (item: Item) => boolean): Item[] {
    const removed: Item[] = []
    for (const [key, line] of this.#lines) {
      const kept = line.items.filter((item) => !isChosen(item))
      removed.push(...line.items.filter(isChosen))
      line.items.splice(0, line.items.length, ...kept)
      this.#tidy(key)
    }
    this.#waiting -= removed.length
    return removed
  }

  *items(): IterableIterator<Item> {
    for (const { items } of this.#lines.values()) yield* items
  }

  #lineOf(key: string): Line<Item> {
    const line = this.#lines.get(key) ?? { items: [], isRunning: false, isParked: false }
    this.#lines.set(key, line)
    return line
  }

  #tidy(key: string): void {
    const line = this.#lines.get(key)
    if (line === undefined) return
    if (line.isRunning || line.isParked || line.items.length === 0) this.#ready.delete(key)
    if (!line.isRunning && line.items.length === 0) this.#lines.delete(key)
  }
}
