/**
 * Tells other processes that something happened. Messages may be lost and nothing may depend on them: the rows are the
 * truth, and a message says when it is worth reading them.
 */
export interface Notifier {
  /**
   * Sends a message to all who listen to the topic now, in all processes, this one included. Resolves when it is on its
   * way, rejects when it is not.
   */
  notify(topic: string, payload: string): Promise<void>
  /**
   * Calls back with each message on the topic, in the order in which one sender sent them. Resolves when it listens, with
   * what ends it.
   *
   * @param onMessage - Receives `null` where messages may have been lost, or where one was too long to be sent: read the rows.
   */
  listen(topic: string, onMessage: (payload: string | null) => void): Promise<() => Promise<void>>
  /** The longest payload in bytes; a longer one arrives as `null`. Default: none. */
  readonly maxPayloadBytes?: number
}

/**
 * That something happened to a turn's row: a person cancelled it, an ask was answered, a snapshot was stored, it was
 * settled, a message came that is to reach its agent; `missed`: notices of any of these may have been lost.
 */
export interface TurnNotice {
  readonly type: 'cancelled' | 'answered' | 'changed' | 'settled' | 'steered' | 'missed'
}

/** A notifier with connections of its own. */
export interface OpenNotifier extends Notifier, AsyncDisposable {
  /** Ends its connections; what is under way rejects. */
  close(): Promise<void>
}
