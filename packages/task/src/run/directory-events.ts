import type { Reply } from '@turnstead/reply'
import type { AgentClient } from '../agent-client.js'

/** What the server tells of a directory and not of a session. */
const aboutDirectory: ReadonlySet<string> = new Set([
  'file.edited',
  'file.watcher.updated',
  'lsp.client.diagnostics',
  'pty.created',
  'pty.updated',
  'pty.exited',
  'pty.deleted',
])

/**
 * Brings what happens in the client's directory into the reply that is shown, until the result is called. These events name no session, so
 * that of a directory in which others work, too, they would tell their work.
 */
export function watchDirectory(
  client: AgentClient,
  reply: () => Reply | null,
  onError: (error: unknown) => void,
): () => void {
  const ended = new AbortController()
  const watch = async (): Promise<void> => {
    try {
      for await (const event of client.events.subscribe({ signal: ended.signal })) {
        if (aboutDirectory.has(event.type)) reply()?.apply(event)
      }
    } catch (error) {
      if (!ended.signal.aborted) onError(error)
    }
  }
  void watch()
  return () => ended.abort()
}
