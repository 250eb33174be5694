/**
 * Uploads of a form without a framework: from a web `Request` or one of Node's, streamed into any store.
 *
 * ```ts
 * const { uploads, fields } = await receiveForm(request, { store })
 * ```
 */
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { setMaxListeners } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { ArtifactError } from './errors.js'
import { fromFormName } from './uploads/form-name.js'
import {
  checkTarget,
  defaultMaxFileBytes,
  receiveUpload,
  removeUpload,
  type UploadTarget,
} from './uploads/receive.js'
import type { Upload } from './uploads/upload.js'

/** Where a form's files go, and how much of it is taken. */
export interface FormOptions extends UploadTarget {
  /** Most files of one form; one more fails with `invalid_form`. Default: 20. */
  readonly maxFiles?: number | undefined
  /** Most other fields; one more fails with `invalid_form`. Default: 100. */
  readonly maxFields?: number | undefined
  /** Most bytes of such a field; one more fails with `invalid_form`. Default: 1 MiB. */
  readonly maxFieldBytes?: number | undefined
  /** Ends the call; it rejects with `signal.reason`, and nothing is left behind. */
  readonly signal?: AbortSignal | undefined
}

/** What a form held. */
export interface ReceivedForm {
  /** Its files, in the order in which they came, each with the field that it was in. */
  readonly uploads: readonly (Upload & { readonly field: string })[]
  /** Its other fields, in order; a name may come more than once. */
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/** A request with a body that is a form: a web `Request`, or Node's. */
export type FormRequest = Request | (Readable & { readonly headers: IncomingHttpHeaders })

/**
 * Stores the files of a `multipart/form-data` body. All of them are stored, or none: when one fails, or the form breaks off, those
 * before it are removed again. Rejects with `too_large`, `invalid_form` or what the store says.
 */
export async function receiveForm(
  request: FormRequest,
  options: FormOptions,
): Promise<ReceivedForm> {
  const { maxFileBytes = defaultMaxFileBytes, signal } = options
  checkTarget(options)
  const { maxFiles = 20, maxFields = 100, maxFieldBytes = 1_048_576 } = options
  const contentType = headerOf(request)
  if (!/^multipart\/form-data\s*;/i.test(contentType)) {
    throw new ArtifactError('invalid_form', 'The request is no `multipart/form-data`.')
  }
  signal?.throwIfAborted()
  const stop = new AbortController()
  // One listener for each file that is under way is no leak.
  setMaxListeners(maxFiles + 10, stop.signal)
  const arriving: Promise<Upload & { readonly field: string }>[] = []
  const fields: (readonly [string, string])[] = []
  // The first reason is the one that stays.
  const fail = (error: unknown): void => stop.abort(error)
  const form = openForm(contentType, { maxFiles, maxFields, maxFieldBytes, maxFileBytes })
  form.on('file', (field, stream, originalName) => {
    // The parser tells a file that it broke off, also when nobody reads it, or no longer: the form fails by itself then.
    stream.on('error', () => {})
    // An empty file input comes as a file without a name.
    if (originalName === undefined || originalName === '') return void stream.resume()
    const file = {
      source: stream,
      originalName: fromFormName(originalName),
      isCut: () => stream.truncated === true,
    }
    const upload = receiveUpload(options, { ...file, signal: stop.signal })
    arriving.push(upload.then((stored) => ({ ...stored, field })))
    upload.catch((error: unknown) => {
      stream.resume()
      fail(error)
    })
  })
  form.on('field', (name, value, isNameCut, isValueCut) => {
    if (isNameCut || isValueCut) fail(refused('A field is longer than allowed.'))
    fields.push([name, value])
  })
  form.on('filesLimit', () => fail(refused(`There are more than ${maxFiles} files.`)))
  form.on('fieldsLimit', () => fail(refused(`There are more than ${maxFields} fields.`)))
  const onAbort = (): void => fail(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await pipeline(bodyOf(request), form, { signal: stop.signal })
  } catch (error) {
    fail(refused('The form is malformed, or broke off.', error))
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
  const settled = await Promise.allSettled(arriving)
  const uploads = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  if (!stop.signal.aborted) return { uploads, fields }
  await Promise.allSettled(uploads.map(({ key }) => removeUpload(options, key)))
  throw stop.signal.reason
}

interface Limits {
  readonly maxFiles: number
  readonly maxFields: number
  readonly maxFieldBytes: number
  readonly maxFileBytes: number
}

function openForm(contentType: string, limits: Limits): BusboyInstance {
  const { maxFiles: files, maxFields: fields, maxFieldBytes, maxFileBytes } = limits
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      // A file of exactly as many bytes as allowed is whole; one byte more is taken, and refused.
      limits: { files, fields, fieldSize: maxFieldBytes, fileSize: maxFileBytes + 1 },
    })
  } catch (error) {
    throw refused('The request names no boundary.', error)
  }
}

function headerOf({ headers }: FormRequest): string {
  const value = headers instanceof Headers ? headers.get('content-type') : headers['content-type']
  return value ?? ''
}

function bodyOf(request: FormRequest): Readable {
  if (request instanceof Readable) return request
  return request.body === null ? Readable.from([]) : Readable.fromWeb(request.body as never)
}

function refused(message: string, cause?: unknown): ArtifactError {
  return new ArtifactError('invalid_form', message, cause === undefined ? {} : { cause })
}
