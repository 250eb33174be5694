export {
  artifactCatalogContract,
  type ArtifactCatalogCase,
  type ArtifactCatalogSubject,
} from './contract/catalog.js'
import { byteCases } from './contract/bytes.js'
import { concurrencyCases } from './contract/concurrency.js'
import { failureCases } from './contract/failures.js'
import { readingCases } from './contract/reading.js'
import type { ArtifactStoreCase } from './contract/subject.js'

export type { ArtifactStoreCase } from './contract/subject.js'

/**
 * Every promise of `ArtifactStore`, as cases for any test runner: `runContract` of
 * `@turnstead/testkit/contract`, or a loop that calls `run` with a fresh store.
 */
export const artifactStoreContract: readonly ArtifactStoreCase[] = [
  ...byteCases,
  ...failureCases,
  ...concurrencyCases,
  ...readingCases,
]
