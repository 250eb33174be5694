import type { ArtifactStore } from '@turnstead/artifacts'
import {
  placeUploads,
  promptWithUploads,
  type PlaceReport,
  type Upload,
} from '@turnstead/artifacts/uploads'
import type { Prompt } from '@turnstead/turn'

/** What is known of a message before it is a prompt. */
export interface WrittenMessage {
  readonly id: number
  readonly body: string
  readonly files: readonly Upload[]
  /** What its row says is asked. */
  readonly turn_input: unknown
}

/**
 * Puts the files that came with a message into the agent's folder, and says what is to be asked then; null for a message without
 * files, whose row says it already.
 */
export type Prompts = (message: WrittenMessage, directory: string) => Promise<Prompt | null>

export interface PromptsOptions {
  readonly store: ArtifactStore
  readonly onError: (error: unknown, where: string) => void
}

/** A file that cannot be placed is said to be missing: the agent can still answer, and tells. */
export function createPrompts({ store, onError }: PromptsOptions): Prompts {
  async function place(uploads: readonly Upload[], directory: string): Promise<PlaceReport> {
    try {
      return await placeUploads({ store, directory, uploads })
    } catch (cause) {
      const skipped = uploads.map((upload) => ({ upload, reason: 'failed' as const, cause }))
      return { placed: [], skipped }
    }
  }

  return async ({ id, body, files, turn_input: input }, directory) => {
    if (files.length === 0) return null
    const { placed, skipped } = await place(files, directory)
    for (const { upload, reason, cause } of skipped) {
      onError(cause ?? reason, `message ${id}, file ${upload.key}`)
    }
    const lost = skipped.map(({ upload }) => JSON.stringify(upload.name))
    const note = lost.length === 0 ? '' : `\n\nNot available, tell the user: ${lost.join(', ')}.`
    return { ...(input as Prompt | null), text: promptWithUploads(body, placed) + note }
  }
}
