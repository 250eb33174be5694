import { Storage } from '@google-cloud/storage'
import { runContract } from '@turnstead/testkit/contract'
import { describe, it } from 'mocha'
import { randomUUID } from 'node:crypto'

import { artifactStoreContract } from '../src/contract.js'
import { createGcsStore } from '../src/gcs.js'

const name = process.env['TEST_GCS_BUCKET'] ?? ''

/** On a bucket of Google's, with the credentials that the client library finds; everything is below a prefix of the run's own, and removed. */
if (name === '') {
  describe('gcs store on a bucket of Google’s', () => {
    it('keeps its contract (skipped: TEST_GCS_BUCKET names no bucket that may be written to)')
  })
} else {
  runContract({ describe, it }, `gcs store on ${name}`, artifactStoreContract, {
    open: async () => {
      const bucket = new Storage().bucket(name)
      const prefix = `turnstead-test/${randomUUID()}/`
      const close = async (): Promise<void> => {
        await bucket.deleteFiles({ prefix, force: true })
      }
      return { subject: createGcsStore({ bucket, prefix, chunkBytes: 262_144 }), close }
    },
    capabilities: ['if-absent', 'range', 'sign-url'],
  })
}
