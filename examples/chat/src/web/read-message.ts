import { randomUUID } from 'node:crypto'
import { ArtifactError, type ArtifactStore } from '@turnstead/artifacts'
import { receiveForm } from '@turnstead/artifacts/form-data'
import type { Request } from 'express'
import type { Written } from '../rows/written.js'
import { parseRowId } from './security.js'
import { maxFileBytes, maxFiles, maxPromptLength } from '../views/composer.js'

/** What came with a form. */
export interface ReadMessage extends Written {
  /** The message that it is to take the place of; null for none. */
  readonly replaces: number | null
}

/** What a person sent, or what is wrong with it in words. Of what is refused no file is kept. */
export async function readMessage(
  request: Request,
  store: ArtifactStore,
): Promise<ReadMessage | string> {
  const form = await readForm(request, store)
  if (typeof form === 'string') return form
  const problem = problemOf(form.body)
  if (problem === null) return form
  await removeUploads(store, form)
  return problem
}

export async function removeUploads(store: ArtifactStore, { uploads }: Written): Promise<void> {
  await Promise.allSettled(uploads.map(({ key }) => store.remove(key)))
}

async function readForm(request: Request, store: ArtifactStore): Promise<ReadMessage | string> {
  if (!request.is('multipart/form-data')) return writtenOf(request.body, [])
  try {
    const { uploads, fields } = await receiveForm(request, {
      ...{ store, maxFileBytes, maxFiles },
      // In bytes a prompt is longer than in characters.
      maxFieldBytes: maxPromptLength * 4,
    })
    return writtenOf(Object.fromEntries(fields), uploads)
  } catch (error) {
    if (!ArtifactError.is(error)) throw error
    if (error.code === 'too_large') return `A file may have at most ${maxFileBytes / 1e6} MB.`
    if (error.code === 'invalid_form') return `Send a message with at most ${maxFiles} files.`
    throw error
  }
}

function writtenOf(form: unknown, uploads: Written['uploads']): ReadMessage {
  const { model, agent, delivery, key, replaces } = Object(form) as Record<string, unknown>
  const isModel = typeof model === 'string' && /^[^/]+\/.+$/.test(model) && model.length <= 255
  const isAgent = typeof agent === 'string' && agent !== '' && agent.length <= 255
  return {
    body: promptOf(form),
    uploads,
    replaces: parseRowId(replaces),
    prompt: { ...(isModel && { model }), ...(isAgent && { agent }) },
    key: typeof key === 'string' && /^[\w-]{16,64}$/.test(key) ? key : randomUUID(),
    delivery: delivery === 'steer' ? 'steer' : 'queue',
  }
}

function promptOf(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('prompt' in body)) return ''
  // Browsers send a line's end as two characters and count it as one.
  if (typeof body.prompt !== 'string') return ''
  // Not every database takes a NUL, and no person types one.
  return body.prompt.replaceAll('\u0000', '').replaceAll('\r\n', '\n').trim()
}

function problemOf(prompt: string): string | null {
  if (prompt === '') return 'Write something first.'
  return prompt.length > maxPromptLength ? `Write at most ${maxPromptLength} characters.` : null
}
