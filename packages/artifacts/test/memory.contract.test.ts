import { runContract } from '@turnstead/testkit/contract'
import { describe, it } from 'mocha'

import { artifactStoreContract } from '../src/contract.js'
import { createMemoryStore } from '../src/memory.js'

runContract({ describe, it }, 'memory store', artifactStoreContract, {
  open: async () => ({ subject: createMemoryStore(), close: async () => {} }),
  capabilities: createMemoryStore().capabilities,
})
