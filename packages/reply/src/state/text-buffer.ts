const chunksPerBlock = 64

/**
 * Text that grows by small pieces.
 *
 * Pieces are joined in blocks, so that the cost of one piece does not depend on what is already there, and so that
 * a thousand tiny strings do not stay in memory. Nothing else is copied until the text is read.
 */
export class TextBuffer {
  #blocks: string
  /** The end of it that was not taken yet; no copy, only other references to the same blocks. */
  #untaken: string
  #chunks: string[] = []
  #length: number

  constructor(text = '') {
    this.#blocks = this.#untaken = text
    this.#length = text.length
  }

  /** Length in UTF-16 units. */
  get length(): number {
    return this.#length
  }

  /** Adds a piece at the end. */
  append(chunk: string): void {
    this.#length += chunk.length
    if (this.#chunks.push(chunk) >= chunksPerBlock) this.#joinChunks()
  }

  /** The whole text. */
  toString(): string {
    this.#joinChunks()
    return this.#blocks
  }

  /** What was added since the last call, at first everything: for one reader that need not read the whole again. */
  takeNew(): string {
    this.#joinChunks()
    const text = this.#untaken
    this.#untaken = ''
    return text
  }

  #joinChunks(): void {
    const joined = this.#chunks.join('')
    this.#blocks += joined
    this.#untaken += joined
    this.#chunks = []
  }
}
