const textsPerBlock = 64

/** Texts in a row as one. */
export interface JoinedTexts {
  /** Puts a text in the place of another. */
  set(index: number, text: string): void
  /** All of them. */
  read(): string
}

/** Joins texts in blocks: when one of them changes, its block is joined again, and the blocks. */
export function joinTexts(texts: string[]): JoinedTexts {
  const blocks: (string | undefined)[] = []
  return {
    set(index, text) {
      texts[index] = text
      blocks[Math.floor(index / textsPerBlock)] = undefined
    },
    read() {
      for (let at = 0; at < texts.length; at += textsPerBlock) {
        blocks[at / textsPerBlock] ??= sum(texts.slice(at, at + textsPerBlock))
      }
      return sum(blocks)
    },
  }
}

/** Text added to text is a reference to both; `Array.join` would copy them. */
function sum(texts: readonly (string | undefined)[]): string {
  return texts.reduce<string>((all, text) => all + (text ?? ''), '')
}
