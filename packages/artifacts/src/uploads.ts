/**
 * Users' files on their way to the agent: into its workspace, and into the prompt.
 *
 * ```ts
 * const { placed } = await placeUploads({ store, directory: '/srv/agents/7', uploads })
 * const prompt = { text: promptWithUploads(text, placed) }
 * ```
 */
export { receiveUpload, type IncomingFile, type UploadTarget } from './uploads/receive.js'
export { toUploadArtifact, type Upload, type UploadOwner } from './uploads/upload.js'
export {
  placeUploads,
  type PlaceReport,
  type PlaceUploadsOptions,
  type SkippedUpload,
  type SkipReason,
} from './uploads/place.js'
export type { PlacedUpload } from './uploads/placed.js'
export { promptWithUploads, toFileParts, type FilePart } from './uploads/prompt.js'
