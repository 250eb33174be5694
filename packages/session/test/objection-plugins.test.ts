import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import createKnex, { type Knex } from 'knex'
import { after, before, beforeEach, describe, it } from 'mocha'
import { knexSnakeCaseMappers, mixin, Model, snakeCaseMappers } from 'objection'
import type { Pojo, QueryContext } from 'objection'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed } from '../src/contract/subject.js'
import { SessionError, turnMigration } from '../src/index.js'
import { ConversationMixin, MessageMixin, storeFor } from '../src/objection.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const leaseMs = 10_000
const hooks: string[] = []

/** As plugins for time stamps are made: they write into the instance that is being written. */
function Stamped<Base extends typeof Model>(base: Base): Base {
  return class extends (base as typeof Model) {
    override async $beforeInsert(context: QueryContext): Promise<void> {
      await super.$beforeInsert(context)
      hooks.push('insert')
    }

    override async $beforeUpdate(options: object, context: QueryContext): Promise<void> {
      await super.$beforeUpdate(options as never, context)
      hooks.push('update')
      Object.assign(this, { content: 'stamped' })
    }
  } as unknown as Base
}

/** As plugins that hide columns are made. */
function Hiding<Base extends typeof Model>(base: Base): Base {
  return class extends (base as typeof Model) {
    override $formatJson(json: Pojo): Pojo {
      const { turn_reply: _, ...shown } = super.$formatJson(json)
      return shown
    }
  } as unknown as Base
}

/** As plugins for soft deletion are made: with a query builder of their own. */
function Kept<Base extends typeof Model>(base: Base): Base {
  return class extends (base as typeof Model) {
    static override query(...args: Parameters<typeof Model.query>): never {
      return super.query(...args).onBuild((builder) => {
        if (builder.isFind()) builder.whereNot('content', 'deleted')
      }) as never
    }
  } as unknown as Base
}

const orders = {
  'before ours': (base: typeof Model) => MessageMixin(mixin(base, [Stamped, Hiding, Kept])),
  'after ours': (base: typeof Model) =>
    mixin(MessageMixin(base) as unknown as typeof Model, [Kept, Hiding, Stamped]) as never,
} satisfies Record<string, (base: typeof Model) => ReturnType<typeof MessageMixin>>

for (const kind of databases) {
  describe(`the Objection mixins among others on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`keep what they promise (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    class Conversation extends ConversationMixin(Model) {
      static override tableName = 'conversations' as const
      declare id: number
    }
    class Message extends MessageMixin(Model) {
      static override tableName = 'messages' as const
      declare id: number
      declare content: string
    }
    before(async () => {
      rows = await openRows(kind)
      Conversation.knex(rows.knex)
      Message.knex(rows.knex)
    })
    beforeEach(() => {
      hooks.length = 0
    })
    after(() => rows.close())

    for (const [order, make] of Object.entries(orders)) {
      it(`work with other plugins ${order}, and run none of their hooks in a verb`, async () => {
        class Plugged extends (make(Model) as typeof Message) {
          static override tableName = 'messages' as const
        }
        Plugged.knex(rows.knex)
        const store = storeFor({ Conversation, Message: Plugged })
        const conversationId = await rows.insertConversation()
        const turn = {
          conversation_id: conversationId,
          turn_status: 'pending',
          content: '',
        } as const
        const message = await Plugged.query().insertAndFetch(turn)
        expect(hooks).to.deep.equal(['insert'])
        const claim = await message.claimTurn({ owner: 'w', leaseMs })
        if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
        const stale = await Plugged.query().findById(message.id).throwIfNotFound()
        expect(await store.settle(claim.lease, completed)).to.equal(true)
        expect(hooks).to.deep.equal(['insert'])
        stale.content = 'mine'
        await stale.$query().patch()
        expect(hooks).to.deep.equal(['insert', 'update'])
        const loaded = await Plugged.query().findById(message.id).throwIfNotFound()
        expect(loaded).to.include({ content: 'stamped', turn_status: 'completed' })
        expect(loaded.turn_reply).to.deep.equal(completed.reply)
        expect(loaded.toJSON()).not.to.have.property('turn_reply')
      })
    }

    it('write no copy of a row over what the store wrote since, and plain values as they are', async () => {
      storeFor({ Conversation, Message })
      const conversationId = await rows.insertConversation()
      const turn = { conversation_id: conversationId, turn_status: 'pending' } as const
      const message = await Message.query().insertAndFetch(turn)
      const copy = { ...message.toJSON(), content: 'edited' } as Partial<Message>
      await message.cancelTurn({ reason: 'user' })
      await Message.query().findById(message.id).patch(copy)
      await Message.query().findById(message.id).update(copy)
      await Message.query().insert(copy).onConflict('id').merge()
      await Message.fromJson(copy, { skipValidation: true }).$query().patch(copy)
      const kept = await Message.query().findById(message.id).throwIfNotFound()
      expect(kept).to.include({ turn_status: 'cancelled', content: 'edited' })
      await Message.query().findById(message.id).patch({ turn_status: 'pending' })
      expect((await message.readTurn())?.status).to.equal('pending')
    })

    it('refuse a class that is bound to a transaction at once', async () => {
      const store = storeFor({ Conversation, Message })
      const conversationId = await rows.insertConversation()
      await rows.knex
        .transaction(async (trx) => {
          const Bound = Message.bindTransaction(trx)
          const message = await Bound.query().insertAndFetch({
            conversation_id: conversationId,
            turn_status: 'pending',
          })
          expect(() => message.cancelTurn()).to.throw(TypeError, 'bound to a transaction')
          expect(() => message.claimTurn({ owner: 'w', leaseMs })).to.throw(
            TypeError,
            'transaction',
          )
          const inside = storeFor({
            Conversation: Conversation.bindTransaction(trx),
            Message: Bound,
          })
          const error: unknown = await inside
            .cancel({ turnId: message.id })
            .catch((reason: unknown) => reason)
          expect(error).to.be.instanceOf(TypeError)
          expect(String(error)).to.match(/`knex` is a transaction/)
          throw new Error('rolled back')
        })
        .catch((error: unknown) => expect(String(error)).to.match(/rolled back/))
      const message = await Message.query().insertAndFetch({
        conversation_id: conversationId,
        turn_status: 'pending',
      })
      expect(await message.cancelTurn()).to.equal(true)
      expect(await store.cancel({ turnId: message.id })).to.equal(false)
    })

    it('end a verb that waits for the transaction around it, and say why', async () => {
      storeFor({ Conversation, Message, statementMs: 100 })
      const conversationId = await rows.insertConversation()
      const turn = { conversation_id: conversationId, turn_status: 'pending' } as const
      const error: unknown = await rows.knex
        .transaction(async (trx) => {
          const message = await Message.query(trx).insertAndFetch(turn)
          await Message.query(trx).findById(message.id).patch({ content: 'locked' })
          // PostgreSQL does not show the row yet, so there it is as if it were not there.
          if (kind.name === 'postgresql') expect(await message.cancelTurn()).to.equal(false)
          else await message.cancelTurn()
        })
        .catch((reason: unknown) => reason)
      if (kind.name === 'postgresql') {
        expect(error).to.equal(undefined)
        return
      }
      if (!SessionError.is(error)) throw new Error(`must be a SessionError, not ${String(error)}`)
      expect(error).to.include({ code: 'database_failed', retryable: true })
      const words = kind.name === 'sqlite' ? /inside of a transaction/ : /did not answer within 100/
      expect(String(error.cause)).to.match(words)
    })

    if (kind.name === 'sqlite') return

    it('follow a class to the database that it is bound to', async () => {
      const store = storeFor({ Conversation, Message })
      const other = await openRows(kind)
      try {
        const Elsewhere = Message.bindKnex(other.knex)
        await other.insertConversation()
        const conversationId = await other.insertConversation()
        const turn = { conversation_id: conversationId, turn_status: 'pending' } as const
        const message = await Elsewhere.query().insertAndFetch(turn as never)
        expect(await store.read(message.id)).not.to.include({ status: 'cancelled' })
        expect(await message.cancelTurn()).to.equal(true)
        expect((await message.readTurn())?.status).to.equal('cancelled')
        const there = await other.knex('messages').where({ id: message.id }).first()
        expect(there).to.include({ turn_status: 'cancelled' })
      } finally {
        await other.close()
      }
    })

    for (const mapping of ['of the model', 'of Knex'] as const) {
      it(`run a turn under camel-case names ${mapping}, also on columns that are named otherwise`, async () => {
        const options = { columns: { status: 'agent_state', turnFence: 'agent_fence' } }
        const table = mapping === 'of Knex' ? 'mapped_messages' : 'camel_messages'
        await rows.knex.schema.createTable(table, (builder) => {
          builder.increments('id')
          builder.integer('conversation_id').unsigned()
          builder.string('content')
        })
        await turnMigration({ messages: { table, ...options } }).up(rows.knex)
        const mapped: Knex = createKnex({
          client: kind.name === 'mysql' ? 'mysql2' : 'pg',
          connection: rows.database.url,
          ...(mapping === 'of Knex' ? knexSnakeCaseMappers() : {}),
        })
        const mappers = mapping === 'of Knex' ? undefined : snakeCaseMappers()
        class CamelConversation extends ConversationMixin(Model) {
          static override tableName = 'conversations' as const
          static override columnNameMappers = mappers as never
          declare id: number
          declare opencodeSessionId: string | null
        }
        class CamelMessage extends MessageMixin(Model, options) {
          static override tableName = table
          static override columnNameMappers = mappers as never
          declare id: number
          declare conversationId: number
          declare agentState: string
          declare turnReply: unknown
          declare turnInputTokens: number
          declare content: string
        }
        try {
          CamelConversation.knex(mapped)
          CamelMessage.knex(mapped)
          const store = storeFor({
            Conversation: CamelConversation,
            Message: CamelMessage as never,
          })
          const conversation = await CamelConversation.query().insertAndFetch({} as never)
          const { sessionId } = await conversation.ensureSession(createFakeUpstream())
          const message = await CamelMessage.query().insertAndFetch({
            conversationId: conversation.id,
            agentState: 'pending',
          })
          const claim = await message.claimTurn({ owner: 'w', leaseMs })
          if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
          expect(await store.settle(claim.lease, completed)).to.equal(true)
          message.content = 'edited'
          await message.$query().patch()
          await CamelMessage.query()
            .findById(message.id)
            .patch({ ...message.toJSON(), content: 'copied' } as Partial<CamelMessage>)
          const read = await CamelMessage.query().findById(message.id).throwIfNotFound()
          expect(read).to.include({
            agentState: 'completed',
            turnInputTokens: completed.tokens.input,
            content: 'copied',
          })
          expect(read.turnReply).to.deep.equal(completed.reply)
          const reloaded = await CamelConversation.query().findById(conversation.id)
          expect(reloaded?.opencodeSessionId).to.equal(sessionId)
        } finally {
          await mapped.destroy()
        }
      })
    }
  })
}
