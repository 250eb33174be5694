import { lstat } from 'node:fs/promises'
import { join } from 'node:path'

/** A file that is there while a restore is under way, or was killed. */
export const restoringMark = '.turnstead-restoring'

export async function isRestoring(root: string): Promise<boolean> {
  return lstat(join(root, restoringMark)).then(
    () => true,
    () => false,
  )
}
