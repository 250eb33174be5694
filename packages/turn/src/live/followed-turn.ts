import type { ReplySource } from '@turnstead/reply'
import type { RowId, TurnRecord } from '../ports.js'
import type { TurnStanding } from './standing.js'

/** A turn as any process sees it: its reply for every view of `@turnstead/reply`, and where it stands. */
export interface FollowedTurn extends ReplySource, AsyncDisposable, Disposable {
  readonly turnId: RowId
  /** `turn-` and the id: the same in every process and at every time. */
  readonly name: string
  readonly standing: TurnStanding
  /** The row as it was read last. */
  readonly record: TurnRecord
  /**
   * Settles when the turn is over and all of it is here; never rejects. Give it to streams as `ended`. A turn whose row is deleted
   * meanwhile ends as `cancelled`, with the reason `removed`.
   */
  readonly ended: Promise<TurnRecord>
  /** Calls back when the standing changed; the result unregisters. */
  onStanding(listener: (standing: TurnStanding) => void): () => void
  /** Follows no more. Observers of this one are told nothing further. */
  close(): void
}
