import type { Readable, Transform } from 'node:stream'

import type { ArtifactStore } from '../../src/index.js'

/** A store, and what a host would write in its place with Node's own `pipeline` and the storage's own client. */
export interface Subject {
  readonly store: ArtifactStore
  readonly peer: {
    /** The whole transfer, with the same digest on its way. */
    readonly upload: (name: string, source: Readable, digest: Transform) => Promise<void>
    /** As the client gives them. */
    readonly download: (name: string) => Promise<Readable>
    /** Whether `download` is to be followed by a digest, as the store's own is. */
    readonly isChecked: boolean
    readonly remove: (name: string) => Promise<void>
  }
  readonly close: () => Promise<void>
}

/** What a subject is opened with. */
export interface Setting {
  /** A folder of its own. */
  readonly folder: string
  /** Port of the endpoint, of those that have one. */
  readonly port: number
}
