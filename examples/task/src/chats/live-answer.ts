import type { UIMessageChunk } from 'ai'

/** An answer that is being given, for as many readers as come, whenever they come. */
export interface LiveAnswer {
  /** All chunks from the beginning, then those to come. A reader that leaves stops nothing. */
  read(): ReadableStream<UIMessageChunk>
  readonly ended: Promise<void>
}

/** Reads the chunks to the end, whether somebody watches or not. */
export function createLiveAnswer(source: ReadableStream<UIMessageChunk>): LiveAnswer {
  let chunks: UIMessageChunk[] = []
  let isOver = false
  const readers = new Set<ReadableStreamDefaultController<UIMessageChunk>>()

  const pump = async (): Promise<void> => {
    try {
      for await (const chunk of source) {
        chunks = [...withoutOlder(chunks, chunk), chunk]
        for (const reader of readers) reader.enqueue(chunk)
      }
    } finally {
      isOver = true
      for (const reader of readers) reader.close()
      readers.clear()
    }
  }

  return {
    ended: pump(),
    read() {
      let own: ReadableStreamDefaultController<UIMessageChunk>
      return new ReadableStream({
        start(controller) {
          own = controller
          for (const chunk of chunks) controller.enqueue(chunk)
          if (isOver) controller.close()
          else readers.add(controller)
        },
        cancel: () => void readers.delete(own),
      })
    },
  }
}

/** Each preliminary output of a tool holds all that the earlier ones said: who comes later needs the newest only. */
function withoutOlder(chunks: UIMessageChunk[], next: UIMessageChunk): UIMessageChunk[] {
  if (next.type !== 'tool-output-available') return chunks
  return chunks.filter(
    (chunk) =>
      chunk.type !== 'tool-output-available' ||
      chunk.toolCallId !== next.toolCallId ||
      chunk.preliminary !== true,
  )
}
