import { untilAbort } from '../abort.js'
import { findAgentDirectory, type AgentDirectory } from '../directory/agent-directory.js'
import {
  diskFile,
  serverFile,
  toolInputFile,
  type AgentFile,
  type AgentFileLimits,
  type RemoteReader,
} from './agent-file.js'
import type { Artifact } from '../catalog/artifact.js'
import { readForDigest, storeFile, type ReadFile } from './store-file.js'
import { openContainedFile } from '../directory/contained-file.js'
import { errorCode, isMissing } from '../system-error.js'
import { Drop } from '../directory/drop-reason.js'
import { nodeFileSystem } from '../directory/file-system.js'
import type { ArtifactKey } from '../store/key.js'
import type { ArtifactStore } from '../store/store.js'
import type { TurnFile } from './turn-files.js'

/** Where the files of one turn are, and where they go. */
export interface CollectContext {
  readonly store: ArtifactStore
  /** Called before bytes are stored under a key. */
  readonly announce: (key: ArtifactKey) => Promise<void>
  readonly directory: string | undefined
  readonly reader: RemoteReader | undefined
  readonly limits: AgentFileLimits
  /** Digests of the user's files that were placed, by their paths. */
  readonly unchanged: ReadonlyMap<string, string>
  readonly turnId: string | number | bigint
  readonly conversationId: string | number | bigint | null
}

const attempts = 3

/** Keeps one file. Throws a Drop when it may not be kept, anything else when the store fails. */
export async function collectFile(context: CollectContext, file: TurnFile): Promise<Artifact> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await collectOnce(context, file)
    } catch (error) {
      const isMoving = error instanceof Drop && error.reason === 'changing'
      if (!isMoving || attempt === attempts) throw error
    }
  }
}

async function collectOnce(context: CollectContext, turnFile: TurnFile): Promise<Artifact> {
  const { file, read } = await readFirst(context, turnFile)
  try {
    if (context.unchanged.get(turnFile.path) === read.sha256) throw new Drop('unchanged_upload')
    const { tool, callId, sessionId } = turnFile.record
    // A store that does not heed the signal must not keep the file open.
    return await untilAbort(context.limits.signal, () =>
      storeFile({
        store: context.store,
        announce: context.announce,
        file,
        read,
        signal: context.limits.signal,
        draft: {
          turnId: context.turnId,
          conversationId: context.conversationId,
          path: turnFile.path,
          provenance: {
            source: file.source,
            tool,
            callId: callId ?? null,
            sessionId: sessionId ?? null,
          },
        },
      }),
    )
  } finally {
    await file.close()
  }
}

/**
 * The first of disk, server and tool input that gives the bytes. A Drop on the way is final, unless what is there now is
 * later than the turn: the tool input is not.
 */
async function readFirst(
  context: CollectContext,
  turnFile: TurnFile,
): Promise<{ file: AgentFile; read: ReadFile }> {
  const { reader, limits } = context
  const { path, content } = turnFile
  const openers: (() => Promise<AgentFile>)[] = []
  const directory = await findAgentDirectory(context.directory)
  if (directory.state === 'unsafe') throw new Drop('unsafe_directory')
  if (directory.state === 'present') {
    openers.push(async () => openOnDisk(directory, path, limits))
  }
  if (reader !== undefined) openers.push(async () => serverFile(reader, path, limits))
  if (content !== null) openers.push(async () => toolInputFile(content, limits))
  let cause: unknown
  for (const open of openers) {
    try {
      return await readWhole(await open())
    } catch (error) {
      limits.signal?.throwIfAborted()
      if (error instanceof Drop && error.reason !== 'changed_later') throw error
      cause = cause instanceof Drop ? cause : error
    }
  }
  throw cause instanceof Drop ? cause : new Drop('unreachable', { cause })
}

async function readWhole(file: AgentFile): Promise<{ file: AgentFile; read: ReadFile }> {
  try {
    return { file, read: await readForDigest(file) }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** A missing file on a disk that is there is gone: the agent removed it after it wrote it. */
async function openOnDisk(
  directory: Extract<AgentDirectory, { state: 'present' }>,
  path: string,
  limits: AgentFileLimits,
): Promise<AgentFile> {
  try {
    const options = { fileSystem: nodeFileSystem, root: directory.root, path }
    return diskFile(await openContainedFile(options), limits)
  } catch (error) {
    if (isMissing(error)) throw new Drop('missing', { cause: error })
    if (errorCode(error) === 'ENAMETOOLONG') throw new Drop('invalid_path', { cause: error })
    throw error
  }
}
