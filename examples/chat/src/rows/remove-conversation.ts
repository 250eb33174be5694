import type { ArtifactStore, MessageArtifacts } from '@turnstead/artifacts'
import type { SessionUpstream } from '@turnstead/session'
import type { ChatRows } from './rows.js'

export interface RemoveOptions {
  readonly rows: Pick<ChatRows, 'store' | 'allTurns' | 'forget'>
  readonly upstream: SessionUpstream
  readonly artifacts: Pick<MessageArtifacts, 'removeAll'>
  readonly artifactStore: Pick<ArtifactStore, 'remove'>
}

/** Stops what runs in a conversation, and removes its session, files and rows. May be repeated after any failure. */
export async function removeConversation(
  conversationId: number,
  { rows, upstream, artifacts, artifactStore }: RemoveOptions,
): Promise<void> {
  await rows.store.removeConversation(conversationId, upstream)
  for (const message of await rows.allTurns(conversationId)) {
    await artifacts.removeAll(message.id)
    for (const { key } of message.files) await artifactStore.remove(key)
  }
  await rows.forget(conversationId)
}
