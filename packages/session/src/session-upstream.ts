/** What the store asks of OpenCode on behalf of the row that owns the session. No database connection is held meanwhile. */
export interface SessionUpstream {
  /**
   * Creates a session, a new one for each call. Put `key` where `find` sees it, for example in the session's metadata.
   */
  create(request: {
    /** Identity of this attempt; a repeated attempt has another one. */
    readonly key: string
    /** The conversation's title, null when it has none or no title column is configured. */
    readonly title: string | null
  }): Promise<{ readonly id: string }>
  /** Deletes a session with everything in it. One that does not exist counts as deleted. */
  delete(sessionId: string): Promise<void>
  /** Stops what runs in a session. */
  abort(sessionId: string): Promise<void>
  /**
   * Finds a session that `create` made with this key. Asked only after a creation did not end; without it, a
   * worker that died between creation and storing leaves its session upstream. Null says that *all* sessions were looked
   * at and none has the key, which is then forgotten; `incomplete`, that some were not (a list is a page): the key is
   * kept, and asked for again by the conversation's next creation.
   */
  find?(key: string): Promise<{ readonly id: string } | 'incomplete' | null>
}
