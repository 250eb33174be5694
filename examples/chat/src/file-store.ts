import { join } from 'node:path'
import type { ArtifactStore } from '@turnstead/artifacts'
import { createDiskStore } from '@turnstead/artifacts/disk'
import type { Settings } from './settings.js'

/** Where the files are: in a bucket, or in the data folder. */
export async function openFileStore({
  bucket,
  dataDir,
}: Pick<Settings, 'bucket' | 'dataDir'>): Promise<ArtifactStore> {
  if (bucket === null) return createDiskStore({ root: join(dataDir, 'files') })
  // Only whoever has a bucket waits for its client to load.
  const { Storage } = await import('@google-cloud/storage')
  const { createGcsStore } = await import('@turnstead/artifacts/gcs')
  return createGcsStore({ bucket: new Storage().bucket(bucket), prefix: 'chat/' })
}
