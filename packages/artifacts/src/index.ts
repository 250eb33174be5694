/**
 * Files in and out of an OpenCode conversation, on any storage.
 *
 * ```ts
 * import { createMessageArtifacts } from '@turnstead/artifacts'
 * import { createDiskStore } from '@turnstead/artifacts/disk'
 *
 * const store = createDiskStore({ root: '/var/lib/app/artifacts' })
 * const artifacts = createMessageArtifacts({ store, directory: '/srv/agents/7' })
 * const { kept, dropped } = await artifacts.collect({ turnId: 42, tools: [] })
 * ```
 *
 * @packageDocumentation
 */
export { artifactHeaders, type ArtifactHeadersOptions } from './serve/headers.js'
export type { RemoteEntry, RemoteFile, RemoteReader } from './collect/agent-file.js'
export type { Artifact, ArtifactProvenance, ArtifactSourceKind } from './catalog/artifact.js'
export type {
  ArtifactCatalog,
  ArtifactOwner,
  CatalogEntry,
  TakeUnreferencedOptions,
} from './catalog/catalog.js'
export type { SweepOptions, SweepReport } from './catalog/file-index.js'
export {
  channels,
  type ArtifactChannels,
  type CollectTrace,
  type PutTrace,
} from './tracing/channels.js'
export type { Clock } from './clock.js'
export type { CollectOptions, UnchangedUpload } from './collect/collect-options.js'
export {
  toReportSummary,
  type CollectReport,
  type DroppedArtifact,
  type OutputFile,
  type ReportSummary,
} from './collect/report.js'
export type { ScanOptions } from './directory/scan-options.js'
export {
  namedBySuffix,
  type SuffixRule,
  type Transform,
  type TransformSource,
} from './transforms/transform.js'
export type { CollectLimits } from './collect/limits.js'
export { contentDisposition } from './serve/content-disposition.js'
export { isInlineSafe, toSafeContentType } from './content-type.js'
export type { DownloadOptions, RedirectOptions } from './serve/download.js'
export type { DropReason } from './directory/drop-reason.js'
export { ArtifactError, type ArtifactErrorCode, type ArtifactErrorDetails } from './errors.js'
export { toFileName, toShownPath } from './file-name.js'
export { isArtifactKey, parseArtifactKey, toKeySegment, type ArtifactKey } from './store/key.js'
export {
  createMessageArtifacts,
  type MessageArtifacts,
  type MessageArtifactsOptions,
} from './collect/message-artifacts.js'
export {
  serveArtifact,
  serveArtifactTo,
  type AllowedFile,
  type ServeArtifactOptions,
} from './serve/serve-artifact.js'
export { artifactResponse, sendArtifact, type SentArtifact } from './serve/serve.js'
export type {
  ArtifactCapability,
  ArtifactSource,
  ArtifactStat,
  ArtifactStore,
  ByteRange,
  GetOptions,
  ListOptions,
  PutOptions,
  SignUrlOptions,
  StoreCallOptions,
  StoredArtifact,
} from './store/store.js'
export type { ToolRecord } from './collect/tool-record.js'
