import type { ReplyPart, ReplyView } from '@turnstead/reply'

/**
 * The files that the tools of a run and of its sub-agents wrote, as they name them, each once. By the calls, since what the server tells
 * of its directory may be another session's work.
 */
export function editedFiles(view: ReplyView): readonly string[] {
  const parts = [...view.parts, ...view.children.flatMap((child) => child.parts)]
  return [...new Set(parts.flatMap(filesOf))]
}

const known = new WeakMap<ReplyPart, readonly string[]>()

function filesOf(part: ReplyPart): readonly string[] {
  const files = known.get(part) ?? readFiles(part)
  known.set(part, files)
  return files
}

function readFiles(part: ReplyPart): readonly string[] {
  if (part.kind !== 'tool' || part.status !== 'completed') return []
  switch (part.tool) {
    case 'write':
    case 'edit':
      return texts(part.input['filePath'])
    case 'apply_patch': {
      const files = part.metadata?.['files']
      return Array.isArray(files) ? files.flatMap(readPatchedFile) : []
    }
    default:
      return []
  }
}

function readPatchedFile(file: unknown): readonly string[] {
  if (typeof file !== 'object' || file === null) return []
  const { type, filePath, movePath } = file as Readonly<Record<string, unknown>>
  return type === 'delete' ? [] : texts(type === 'move' ? movePath : filePath)
}

function texts(value: unknown): readonly string[] {
  return typeof value === 'string' && value !== '' ? [value] : []
}
