import { refuse } from './answers.js'

/** A body, or the answer to one that is not taken. */
export type ReadBody =
  | { readonly body: Readonly<Record<string, unknown>>; readonly refused: null }
  | { readonly body: null; readonly refused: Response }

/**
 * The answer to a body that is not taken for what its headers say; null when it may be read. Only what says that it is JSON may: a
 * form or a page of another site can send that to us only after the browser has asked, and nothing here answers such a question.
 */
export function refuseHeaders({ headers }: Request, maxBytes: number): Response | null {
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/json') return refuse('not_json')
  return Number(headers.get('content-length')) > maxBytes ? refuse('too_large') : null
}

/** Reads a JSON object; an empty body is an empty one. */
export async function readJson(request: Request, maxBytes: number): Promise<ReadBody> {
  const text = await readText(request, maxBytes)
  if (text === null) return { body: null, refused: refuse('too_large') }
  try {
    const body: unknown = JSON.parse(text === '' ? '{}' : text)
    if (isObject(body)) return { body, refused: null }
  } catch {
    // Answered like what is JSON of another form.
  }
  return { body: null, refused: refuse('invalid_body') }
}

/** Null when it is longer. */
async function readText(request: Request, maxBytes: number): Promise<string | null> {
  const reader = request.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for (;;) {
    const chunk = await reader?.read()
    if (chunk === undefined || chunk.done) return text + decoder.decode()
    length += chunk.value.byteLength
    if (length > maxBytes) {
      await reader?.cancel()
      return null
    }
    text += decoder.decode(chunk.value, { stream: true })
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
