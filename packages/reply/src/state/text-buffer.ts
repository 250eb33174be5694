const chunksPerBlock = 64

/**
 * Text that grows by small pieces.
 *
 * Pieces are joined in blocks, so that the cost of one piece does not depend on what is already there, and so that
 * a thousand tiny strings do not stay in memory. Nothing else is copied until the text is read.
 */
export class TextBuffer {
  #blocks: string
  #chunks: string[] = []
  #length: number

  constructor(text = '') {
    this.#blocks = text
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

  #joinChunks(): void {
    this.#blocks += this.#chunks.join('')
    this.#chunks = []
  }
}
