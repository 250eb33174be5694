/**
 * The files of turns in rows, for `@turnstead/artifacts`.
 *
 *     const catalog = createArtifactCatalog({ knex })
 *     const artifacts = createMessageArtifacts({ store, directory, catalog })
 */
export { createArtifactCatalog } from './catalog/artifact-catalog.js'
export type {
  ArtifactCatalogOptions,
  ArtifactEntry,
  ArtifactOwner,
  KnexArtifactCatalog,
} from './catalog/artifact-catalog.js'
export type { TakeUnreferencedOptions } from './catalog/take-unreferenced.js'
export { artifactMigration, artifactSql } from './migrations/artifact-tables.js'
export type { ArtifactSqlOptions, ArtifactTableOptions } from './migrations/artifact-tables.js'
