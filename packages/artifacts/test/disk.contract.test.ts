import { expect } from 'chai'
import { runContract } from '@turnstead/testkit/contract'
import { describe, it } from 'mocha'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { artifactStoreContract } from '../src/contract.js'
import { createDiskStore } from '../src/disk.js'
import { makeTempDir } from './support/temp-dir.js'

runContract({ describe, it }, 'disk store', artifactStoreContract, {
  open: async () => {
    const { path, remove } = await makeTempDir()
    const root = join(path, 'store')
    const close = async (): Promise<void> => {
      const files = await readdir(root, { recursive: true }).catch(() => [])
      expect(files.filter((file) => /(^|\/)t-/.test(file))).to.deep.equal([])
      await remove()
    }
    return { subject: createDiskStore({ root }), close }
  },
  capabilities: createDiskStore({ root: '.' }).capabilities,
})
