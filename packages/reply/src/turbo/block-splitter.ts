/**
 * Follows Markdown that is still being written and says how much of it is finished, so that a delta costs what its own
 * paragraph costs and not what the text costs. Each line is read once.
 *
 * A block is finished at a blank line before a line that continues neither a list nor an indented block. That is a
 * guess, made for speed: when its part ends, the text is rendered whole.
 */
export interface BlockSplitter {
  /** Takes the text so far, which may only have grown. */
  advance(text: string): void
  /** Length of the blocks that will not change any more. */
  readonly finishedLength: number
  /** True when the rest is in a code fence that is still open. */
  readonly isFenced: boolean
}

const fenceMark = /^ {0,3}(`{3,}|~{3,})/
const listItem = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)/

/** Begins with an empty text. */
export function createBlockSplitter(): BlockSplitter {
  let finishedLength = 0
  let position = 0
  let openFence: string | null = null
  let isAfterBlank = false
  let isInList = false

  const takeLine = (line: string): void => {
    const mark = fenceMark.exec(line)?.[1] ?? null
    if (openFence !== null) {
      if (mark?.startsWith(openFence) === true && line.trim() === mark) openFence = null
      return
    }
    if (line.trim() === '') {
      isAfterBlank = true
      return
    }
    const isItem = listItem.test(line)
    if (isAfterBlank && !/^\s/.test(line) && !(isInList && isItem)) {
      finishedLength = position
      isInList = false
    }
    isAfterBlank = false
    isInList ||= isItem
    openFence = mark
  }

  return {
    get finishedLength() {
      return finishedLength
    },
    get isFenced() {
      return openFence !== null
    },
    advance(text) {
      // A line without its end may still become anything, also an item or a closing fence.
      for (;;) {
        const end = text.indexOf('\n', position)
        if (end === -1) return
        takeLine(text.slice(position, end))
        position = end + 1
      }
    },
  }
}
