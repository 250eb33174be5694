import type { ArtifactStore } from '@turnstead/artifacts'
import { createMessageArtifacts } from '@turnstead/artifacts'
import { createDiskStore } from '@turnstead/artifacts/disk'
import type { AskDecision } from '@turnstead/session'
import { createSessionStore } from '@turnstead/session'
import { createPostgresNotifier } from '@turnstead/session/postgres-notifier'
import { followTurn } from '@turnstead/turn/live'
import knexFactory from 'knex'
import { addTurnJob } from '../queues/graphile-worker.js'

/** What every process has: the rows, the notices of their changes, the stored files. Nothing here knows OpenCode. */
export function openTurns(options: { databaseUrl: string; filesRoot: string; schema?: string }) {
  const { databaseUrl, filesRoot, schema = 'graphile_worker' } = options
  const knex = knexFactory({ client: 'pg', connection: databaseUrl })
  const notifier = createPostgresNotifier({ connection: databaseUrl })
  const store = createSessionStore({ knex, notifier })
  const fileStore: ArtifactStore = createDiskStore({ root: filesRoot })
  const files = createMessageArtifacts({ store: fileStore, agentDirectory: '/' })
  const owned = (userId: number) => knex('conversations').where('user_id', userId)
  return {
    ...{ databaseUrl, schema, knex, notifier, store, fileStore, files },
    /** Whether this conversation, or this turn, is one of the user's. */
    ownsConversation: async (userId: number, id: string) =>
      /^\d{1,9}$/.test(id) && (await owned(userId).where({ id }).first('id')) !== undefined,
    ownsTurn: async (userId: number, id: string) => {
      const turn = knex('messages').where({ id }).select('conversation_id')
      return /^\d{1,9}$/.test(id) && (await owned(userId).whereIn('id', turn).first()) !== undefined
    },
    /** The row and its job, or neither. */
    begin: (conversationId: string, text: string): Promise<number> =>
      knex.transaction(async (trx) => {
        const turn = { turn_status: 'pending', turn_input: JSON.stringify({ text }) }
        const row = { conversation_id: conversationId, ...turn }
        const [{ id }] = await trx('messages').insert(row).returning('id')
        await addTurnJob(trx, schema, { conversationId, turnId: id })
        return id
      }),
    follow: async (turnId: string | number, signal?: AbortSignal) => {
      const turn = await followTurn({ store, notifier, turnId, ...(signal && { signal }) })
      // Nothing is held for a turn that is over, whether or not its readers say goodbye.
      void turn?.ended.then(() => turn.close())
      return turn
    },
    /** The conversation's newest turn that is not over. */
    openTurn: async (conversationId: string): Promise<number | undefined> => {
      const turns = knex('messages').where('conversation_id', conversationId)
      const open = turns.whereIn('turn_status', ['pending', 'running'])
      return (await open.orderBy('id', 'desc').first('id'))?.id
    },
    /** `done`, or why not. */
    answer: async (turnId: string, askId: string, by: string, decision: AskDecision) => {
      try {
        const answer = await store.answerAsk({ turnId, askId, decision, by })
        return answer.accepted ? 'done' : answer.reason
      } catch (error) {
        if (error instanceof TypeError) return 'invalid'
        throw error
      }
    },
    close: async () => {
      await notifier.close()
      await knex.destroy()
    },
  }
}

export type Turns = ReturnType<typeof openTurns>
