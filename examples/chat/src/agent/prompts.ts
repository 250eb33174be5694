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
}

/** Makes prompts of messages: files that came with them are put into the agent's workspace first. */
export type Prompts = (message: WrittenMessage) => Promise<Prompt>

export interface PromptsOptions {
  readonly store: ArtifactStore
  /** The agent's folder on this machine. */
  readonly directory: string
  readonly onError: (error: unknown, where: string) => void
}

/** A file that cannot be placed is said to be missing: the agent can still answer, and tells. */
export function createPrompts({ store, directory, onError }: PromptsOptions): Prompts {
  async function place(uploads: readonly Upload[]): Promise<PlaceReport> {
    try {
      return await placeUploads({ store, directory, uploads })
    } catch (cause) {
      const skipped = uploads.map((upload) => ({ upload, reason: 'failed' as const, cause }))
      return { placed: [], skipped }
    }
  }

  return async ({ id, body, files }) => {
    if (files.length === 0) return { text: body }
    const { placed, skipped } = await place(files)
    for (const { upload, reason, cause } of skipped) {
      onError(cause ?? reason, `message ${id}, file ${upload.key}`)
    }
    const lost = skipped.map(({ upload }) => JSON.stringify(upload.name))
    const note = lost.length === 0 ? '' : `\n\nNot available, tell the user: ${lost.join(', ')}.`
    return { text: promptWithUploads(body, placed) + note }
  }
}
