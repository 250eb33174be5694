import type { Knex } from 'knex'
import type { QueryBuilder } from 'objection'
import type { Message } from './models.js'
import { openStatuses } from './open-statuses.js'

/** Turns in whose place another one was asked: they can be read, and the agent is to forget them. */
export interface ReplacedTurns {
  /** Those that these have taken the place of, oldest first. */
  by(turnIds: readonly number[]): Promise<Message[]>
  /** Prompts of a conversation that the agent may still remember, oldest first. */
  remembered(conversationId: number): Promise<readonly AskedPrompt[]>
  forget(turnIds: readonly number[]): Promise<void>
  /** The ids of all prompts of a conversation that were replaced. */
  prompts(conversationId: number): Promise<ReadonlySet<string>>
  /** Whether all that was asked in a conversation before this turn was replaced. */
  isAllBefore(conversationId: number, turnId: number): Promise<boolean>
}

/** What was asked in a turn, as the agent's server knows it; nulls where nothing was. */
export interface AskedPrompt {
  readonly turnId: number
  readonly promptId: string | null
  readonly sessionId: string | null
}

export function createReplacedTurns(knex: Knex, messages: typeof Message): ReplacedTurns {
  return {
    by: async (turnIds) =>
      messages
        .query()
        .whereIn('replaced_by', [...turnIds])
        .orderBy('id'),
    remembered: async (conversationId) =>
      (await knex('messages')
        .where({ conversation_id: conversationId, is_forgotten: false })
        .whereNotNull('replaced_by')
        .orderBy('id')
        .select({
          turnId: 'id',
          promptId: 'turn_prompt_id',
          sessionId: 'turn_prompt_session_id',
        })) as readonly AskedPrompt[],
    async forget(turnIds) {
      await messages
        .query()
        .whereIn('id', [...turnIds])
        .patch({ is_forgotten: true })
    },
    async prompts(conversationId) {
      const ids = (await knex('messages')
        .where({ conversation_id: conversationId })
        .whereNotNull('replaced_by')
        .whereNotNull('turn_prompt_id')
        .pluck('turn_prompt_id')) as readonly string[]
      return new Set(ids)
    },
    async isAllBefore(conversationId, turnId) {
      const asked = () =>
        messages
          .query()
          .where('conversation_id', conversationId)
          .where('id', '<', turnId)
          .whereNotNull('turn_prompt_id')
          .select('id')
          .first()
      if ((await asked().whereNull('replaced_by')) !== undefined) return false
      return (await asked()) !== undefined
    },
  }
}

/** Why a message was not put in the place of another one. */
export type NotReplaced = 'open' | 'replaced'

export class CannotReplace extends Error {
  readonly reason: NotReplaced

  constructor(reason: NotReplaced) {
    super(`The message cannot be replaced: ${reason}.`)
    this.reason = reason
  }
}

/** The messages of a conversation that count. */
export function standing(
  trx: Knex,
  messages: typeof Message,
  conversationId: number,
): QueryBuilder<Message> {
  return messages.query(trx).where('conversation_id', conversationId).whereNull('replaced_by')
}

/** @throws CannotReplace */
export async function assertReplaceable(
  trx: Knex,
  messages: typeof Message,
  { id, conversationId }: Message,
): Promise<void> {
  const those = () => standing(trx, messages, conversationId)
  // First: what runs may be what has taken its place, when a button was pressed twice.
  if ((await those().findById(id).select('id')) === undefined) throw new CannotReplace('replaced')
  const open = await those()
    .whereIn('turn_status', [...openStatuses])
    .select('id')
    .first()
  if (open !== undefined) throw new CannotReplace('open')
}
