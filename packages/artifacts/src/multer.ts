/**
 * Uploads of a form by multer, streamed into any store.
 *
 * ```ts
 * const upload = multer(multerOptions({ store }))
 * app.post('/files', upload.array('files'), (request, response) => {
 *   response.json(uploadsOf(request).map(({ key, name }) => ({ key, name })))
 * })
 * ```
 */
import type { Options, StorageEngine } from 'multer'
import type { Readable } from 'node:stream'
import { callbackify } from 'node:util'

import { fromFormName } from './uploads/form-name.js'
import {
  checkTarget,
  defaultMaxFileBytes,
  receiveUpload,
  removeUpload,
  type UploadTarget,
} from './uploads/receive.js'
import type { Upload } from './uploads/upload.js'

/** Where a form's files go, and how much of them. */
export interface MulterUploadOptions extends UploadTarget {
  /** Most files of one form. Default: 20. */
  readonly maxFiles?: number | undefined
}

/** A file of a request as this engine leaves it. */
interface ReceivedFile {
  readonly upload?: Upload
}

/** What this reads of a request that multer has been through. */
export interface RequestWithFiles {
  readonly file?: unknown
  readonly files?: unknown
}

/**
 * Options for `multer()`: the engine, limits, and file names in UTF-8, as browsers send them.
 *
 * @throws TypeError or RangeError for a target that cannot be meant.
 */
export function multerOptions(options: MulterUploadOptions): Options & { defParamCharset: 'utf8' } {
  const { maxFiles = 20, maxFileBytes = defaultMaxFileBytes } = options
  if (!(Number.isSafeInteger(maxFiles) && maxFiles > 0)) {
    throw new RangeError('`maxFiles` must be a whole number above 0.')
  }
  return {
    storage: createMulterStorage(options),
    // One byte more than may be stored would be cut by multer; the store refuses it by itself.
    limits: { files: maxFiles, fileSize: maxFileBytes, fields: 100, fieldSize: 1_048_576 },
    defParamCharset: 'utf8',
  }
}

/**
 * A storage engine for multer 2.1.1 and newer. Each file is stored whole or not at all; one that was cut at multer's own limit
 * fails with `too_large`, and the files of a form that fails or breaks off are removed again.
 *
 * @throws TypeError without a store, RangeError for a bad limit.
 */
export function createMulterStorage(target: UploadTarget): StorageEngine {
  if (typeof target.store?.put !== 'function') throw new TypeError('`store` is missing.')
  checkTarget(target)
  return {
    _handleFile: (_request, file, done) => callbackify(receive)(file, done),
    _removeFile: (_request, file, done) => callbackify(remove)(file, done),
  }

  async function receive(file: Express.Multer.File): Promise<Partial<Express.Multer.File>> {
    const stream: Readable & { truncated?: boolean } = file.stream
    try {
      const upload = await receiveUpload(target, {
        source: undestroyed(stream),
        originalName: fromFormName(file.originalname),
        isCut: () => stream.truncated === true,
      })
      const received = { upload, size: upload.sizeBytes, filename: upload.name }
      return received
    } catch (error) {
      // What is left of the file must pass, or the rest of the form never comes.
      stream.resume()
      throw error
    }
  }

  async function remove(file: object): Promise<void> {
    const { upload } = file as ReceivedFile
    if (upload !== undefined) await removeUpload(target, upload.key)
  }
}

/** Multer takes the end of a file that is left early for an error of its own, and would tell that one in place of the store's. */
function undestroyed(stream: Readable): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => stream.iterator({ destroyOnReturn: false }) }
}

/** The uploads of a request, in the order of the form, whatever way multer was told to give them. */
export function uploadsOf({ file, files }: RequestWithFiles): Upload[] {
  const listed = Array.isArray(files) ? files : Object.values(files ?? {}).flat()
  return [file, ...listed].flatMap((each) => {
    const { upload } = (each ?? {}) as ReceivedFile
    return upload === undefined ? [] : [upload]
  })
}
