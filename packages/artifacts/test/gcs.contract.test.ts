import { Storage } from '@google-cloud/storage'
import { runContract } from '@turnstead/testkit/contract'
import { expect } from 'chai'
import { describe, it } from 'mocha'

import { artifactStoreContract } from '../src/contract.js'
import { createGcsStore } from '../src/gcs.js'
import { signingKey } from './support/signing-key.js'
import { startGcsServer } from './support/gcs-server.js'

// One request, and chunks: every promise must hold both ways.
for (const chunkBytes of [8_388_608, 262_144]) {
  runContract({ describe, it }, `gcs store, ${chunkBytes} bytes at once`, artifactStoreContract, {
    open: async () => {
      const server = await startGcsServer('files')
      const storage = new Storage({
        apiEndpoint: server.url,
        projectId: 'test',
        credentials: signingKey.credentials,
      })
      const bucket = storage.bucket('files')
      const close = async (): Promise<void> => {
        try {
          expect(server.names().filter((name) => name.includes('.uploads/'))).to.deep.equal([])
          expect(server.openSessions()).to.equal(0)
        } finally {
          await server.close()
        }
      }
      return { subject: createGcsStore({ bucket, prefix: 'app/files/', chunkBytes }), close }
    },
    capabilities: ['if-absent', 'range', 'sign-url'],
  })
}
