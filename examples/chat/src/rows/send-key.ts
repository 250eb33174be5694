import { createHash } from 'node:crypto'
import type { Message } from './models.js'
import type { Written } from './written.js'

/** The column of what a form was sent with: of this user alone, whatever others send. */
export function sendKeyOf(userId: string, key: string | null): string | null {
  if (key === null) return null
  return createHash('sha256')
    .update(JSON.stringify([userId, key]))
    .digest('hex')
}

/** Whether this is what was sent before by the same form, so that it is not another message. */
export function isSameMessage(
  { body, files, conversationId }: Message,
  written: Written,
  toConversation: number | null,
): boolean {
  const namesOf = (uploads: Written['uploads']): string =>
    JSON.stringify(uploads.map(({ name, sizeBytes }) => [name, sizeBytes]))
  return (
    body === written.body &&
    namesOf(files) === namesOf(written.uploads) &&
    (toConversation === null || toConversation === conversationId)
  )
}

/** Whether the files of the message are these, and not others of the same names that came with an earlier try. */
export function hasFilesOf({ files }: Message, { uploads }: Written): boolean {
  return files.length === uploads.length && files.every(({ key }, at) => key === uploads[at]?.key)
}
