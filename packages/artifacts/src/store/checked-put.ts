import { tracePut } from '../tracing/trace.js'
import { parseArtifactKey, type ArtifactKey } from './key.js'
import { checkPutOptions, type CheckedPut } from './put-options.js'
import { assertSource, closeSource, heedFailure } from './source.js'
import type { ArtifactSource, ArtifactStat, ArtifactStore } from './store.js'

/** What is left for a store to do, once its caller's mistakes are refused. */
export type PutChecked = (
  key: ArtifactKey,
  source: ArtifactSource,
  options: CheckedPut,
) => Promise<ArtifactStat>

/** The `put` of a store: refuses what no store takes, tells the channel under the store's name, and closes the source of a put that fails. */
export function checkedPut(name: string, put: PutChecked): ArtifactStore['put'] {
  return async (key, source, options = {}) => {
    assertSource(source)
    heedFailure(source)
    try {
      return await tracePut(name, async () => {
        parseArtifactKey(key)
        const checked = checkPutOptions(options)
        checked.signal?.throwIfAborted()
        return put(key, source, checked)
      })
    } catch (error) {
      closeSource(source)
      throw error
    }
  }
}
