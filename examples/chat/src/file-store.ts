import { mkdir } from 'node:fs/promises'
import type { ArtifactStore } from '@turnstead/artifacts'
import { createDiskStore } from '@turnstead/artifacts/disk'
import type { Settings } from './settings.js'

/** Where the files are: in a bucket, or in a folder. */
export async function openFileStore({
  bucket,
  filesDir,
}: Pick<Settings, 'bucket' | 'filesDir'>): Promise<ArtifactStore> {
  if (bucket === null) {
    // Else the first user who attaches a file would find out that it cannot be made.
    await mkdir(filesDir, { recursive: true })
    return createDiskStore({ root: filesDir })
  }
  // Only whoever has a bucket waits for its client to load.
  const { Storage } = await import('@google-cloud/storage')
  const { createGcsStore } = await import('@turnstead/artifacts/gcs')
  return createGcsStore({ bucket: new Storage().bucket(bucket), prefix: 'chat/' })
}
