import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { makeTempDir } from './temp-dir.js'

/** A directory that is backed up, and the place for one that is restored, which is not there yet. */
export interface Workspaces {
  readonly root: string
  readonly from: string
  readonly to: string
  readonly remove: () => Promise<void>
}

export async function makeWorkspaces(): Promise<Workspaces> {
  const { path, remove } = await makeTempDir()
  const root = await realpath(path)
  const from = join(root, 'from')
  await mkdir(from)
  return { root, from, to: join(root, 'to'), remove }
}
