import { createMemoryStore } from '../../src/memory.js'
import type { ArtifactStore } from '../../src/store/store.js'

/** A store with one defect, for runners of which it is to be seen that a test can fail in them. */
export function createForgetfulStore(): ArtifactStore {
  return { ...createMemoryStore(), list: async function* () {} }
}
