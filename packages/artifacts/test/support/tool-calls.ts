import type { ToolRecord } from '../../src/collect/tool-record.js'

interface CallIds {
  readonly callId?: string
  readonly sessionId?: string
}

/** A completed `write`, as the server reports it: the absolute path is in the metadata. */
export function writeCall(filePath: string, content: string, ids: CallIds = {}): ToolRecord {
  const metadata = filePath.startsWith('/') ? { filepath: filePath, exists: false } : {}
  return { tool: 'write', status: 'completed', input: { filePath, content }, metadata, ...ids }
}

/** A completed `edit`: the absolute path is inside `filediff`. */
export function editCall(filePath: string, ids: CallIds = {}): ToolRecord {
  return {
    tool: 'edit',
    status: 'completed',
    input: { filePath, oldString: 'a', newString: 'b' },
    metadata: { diff: '', filediff: { file: filePath, patch: '', additions: 1, deletions: 1 } },
    ...ids,
  }
}

interface PatchedFile {
  readonly type: 'add' | 'update' | 'move' | 'delete'
  readonly path: string
  readonly to?: string
}

/** A completed `apply_patch`. */
export function patchCall(directory: string, files: readonly PatchedFile[]): ToolRecord {
  return {
    tool: 'apply_patch',
    status: 'completed',
    input: { patchText: '*** Begin Patch\n*** End Patch' },
    metadata: {
      files: files.map(({ type, path, to }) => ({
        type,
        filePath: `${directory}/${path}`,
        relativePath: to ?? path,
        ...(to === undefined ? {} : { movePath: `${directory}/${to}` }),
      })),
    },
  }
}
