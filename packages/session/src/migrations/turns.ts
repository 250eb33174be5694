import type { ConversationColumns, MessageColumns } from '../tables.js'
import type { TableVersion } from './table-version.js'

/** @internal What version 1 adds to the conversations. */
export function conversationsVersion1(names: ConversationColumns): TableVersion {
  return {
    columns: [
      { name: names.turnFence, type: 'count' },
      { name: names.turnOwner, type: { characters: 255 } },
      { name: names.turnInstance, type: { characters: 255 } },
      // As wide as a host's own keys may be.
      { name: names.turnId, type: { characters: 255 } },
      { name: names.turnExpiresAt, type: 'time' },
      { name: names.sessionId, type: { characters: 128 } },
      { name: names.createKeys, type: 'text' },
      { name: names.createClaim, type: { characters: 64 } },
      { name: names.createExpiresAt, type: 'time' },
      { name: names.rules, type: { characters: 64 } },
      { name: names.sessionTitle, type: 'text' },
      { name: names.server, type: { characters: 255 } },
    ],
    indexes: [
      // Two conversations in one session would get each other's answers.
      { purpose: 'session', columns: [names.sessionId], unique: true },
      // Finds the leases that are held. One on their expiry would be written anew by every heartbeat.
      { purpose: 'owner', columns: [names.turnOwner], unique: false },
    ],
  }
}

/** @internal What version 1 adds to the messages. */
export function messagesVersion1(names: MessageColumns): TableVersion {
  return {
    columns: [
      { name: names.turnFence, type: 'count' },
      { name: names.turnRevision, type: 'count' },
      { name: names.status, type: { characters: 16 } },
      { name: names.promptInput, type: 'json' },
      { name: names.promptId, type: { characters: 64 } },
      { name: names.promptSessionId, type: { characters: 128 } },
      { name: names.promptPartIds, type: 'json' },
      { name: names.promptRuns, type: 'count' },
      { name: names.sessionRecreated, type: 'boolean' },
      { name: names.reply, type: 'json' },
      { name: names.text, type: 'longtext' },
      { name: names.reasoning, type: 'longtext' },
      { name: names.cost, type: 'price' },
      { name: names.inputTokens, type: 'count' },
      { name: names.outputTokens, type: 'count' },
      { name: names.reasoningTokens, type: 'count' },
      { name: names.cacheReadTokens, type: 'count' },
      { name: names.cacheWriteTokens, type: 'count' },
      { name: names.errorCode, type: { characters: 64 } },
      { name: names.errorMessage, type: 'longtext' },
      { name: names.errorStatus, type: 'status' },
      { name: names.errorDetail, type: 'longtext' },
      { name: names.reason, type: 'longtext' },
      { name: names.finish, type: { characters: 64 } },
      { name: names.startedAt, type: 'time' },
      { name: names.settledAt, type: 'time' },
      { name: names.closedAt, type: 'time' },
      { name: names.asks, type: 'json' },
      { name: names.asksRevision, type: 'count' },
      { name: names.waitingSince, type: 'time' },
      { name: names.pendingSince, type: 'time' },
      { name: names.trace, type: 'text' },
      { name: names.files, type: 'json' },
    ],
    indexes: [
      // What is open, of all conversations or of one. It begins with a column of ours, or MySQL would use it in place of the
      // index of the host's foreign key, and not let it go again.
      {
        purpose: 'open',
        columns: [names.status, names.closedAt, names.conversationId],
        unique: false,
      },
      { purpose: 'pending', columns: [names.status, names.pendingSince], unique: false },
      { purpose: 'waiting', columns: [names.waitingSince], unique: false },
    ],
  }
}
