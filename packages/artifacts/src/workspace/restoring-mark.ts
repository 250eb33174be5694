import { lstat, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** A file that is there while a restore is under way, or was killed. */
export const restoringMark = '.turnstead-restoring'

/** Anything else of that name, such as a link, is not ours. */
export async function isRestoring(root: string): Promise<boolean> {
  return lstat(join(root, restoringMark)).then(
    (info) => info.isFile(),
    () => false,
  )
}

/** Leaves the mark; what an agent put in its place is removed, and never written through. */
export async function markRestoring(root: string): Promise<void> {
  if (await isRestoring(root)) return
  const path = join(root, restoringMark)
  await rm(path, { recursive: true, force: true })
  await (await open(path, 'wx')).close()
}
