/** What the processes of an application share: rows, their notices, the stored files. */
import { artifactResponse, createMessageArtifacts } from '@turnstead/artifacts'
import { createDiskStore } from '@turnstead/artifacts/disk'
import { createSessionStore } from '@turnstead/session'
import { createPostgresNotifier } from '@turnstead/session/postgres-notifier'
import { createTurnRoutes } from '@turnstead/turn/http'
import knexFactory from 'knex'
import { addTurnJob } from '../queues/graphile-worker.js'

export const { DATABASE_URL = '', SCHEMA = 'graphile_worker' } = process.env
export const knex = knexFactory({ client: 'pg', connection: DATABASE_URL })
export const notifier = createPostgresNotifier({ connection: DATABASE_URL })
export const store = createSessionStore({ knex, notifier })
export const bytes = createDiskStore({ root: process.env['FILES'] ?? './files' })
export const close = () => notifier.close().then(() => knex.destroy())

export const routes = createTurnRoutes({
  prefix: '/agent',
  store,
  notifier,
  authorize: async ({ request, conversationId, turnId }) => {
    const userId = Number(request.headers.get('x-user')) // your sign-in
    const id = conversationId ?? turnId
    if (!/^\d{1,9}$/.test(id) || !Number.isInteger(userId)) return null
    const ofTurn = knex('messages').where({ id }).select('conversation_id')
    const theirs = knex('conversations').where('user_id', userId)
    const isTheirs = await theirs.whereIn('id', turnId === undefined ? [id] : ofTurn).first('id')
    return isTheirs !== undefined && { userId }
  },
  // The row and its job, or neither.
  begin: ({ conversationId, text }) =>
    knex.transaction(async (trx) => {
      const turn = { turn_status: 'pending', turn_input: JSON.stringify({ text }) }
      const row = { conversation_id: conversationId, ...turn }
      const [{ id: turnId }] = await trx('messages').insert(row).returning('id')
      await addTurnJob(trx, SCHEMA, { conversationId, turnId })
      return turnId
    }),
  openTurn: async (id) => {
    const turns = knex('messages').where('conversation_id', id).orderBy('id', 'desc')
    return (await turns.whereIn('turn_status', ['pending', 'running', 'waiting']).first('id'))?.id
  },
  files: {
    ...createMessageArtifacts({ store: bytes, agentDirectory: '/' }),
    respond: (request, { key }) => artifactResponse(request, { store: bytes, key }),
  },
})
