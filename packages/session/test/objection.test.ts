import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { Model, knexSnakeCaseMappers, snakeCaseMappers } from 'objection'
import knex from 'knex'
import { createSessionStore } from '../src/index.js'
import { ConversationMixin, MessageMixin, storeFor } from '../src/objection.js'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed } from '../src/contract/subject.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

class BaseModel extends Model {
  static greeting(): string {
    return 'own statics stay'
  }
}

class Conversation extends ConversationMixin(BaseModel) {
  static override tableName = 'conversations' as const
  declare id: number
  declare title: string
}

class Message extends MessageMixin(Model) {
  static override tableName = 'messages' as const
  declare id: number
}

describe('the Objection mixins', () => {
  for (const kind of databases) {
    describe(`on ${kind.name}`, () => {
      if (kind.skip !== null) {
        it(`run a turn (skipped: ${kind.skip})`)
        return
      }
      let rows: Rows
      before(async () => {
        rows = await openRows(kind)
        Conversation.knex(rows.knex)
        Message.knex(rows.knex)
      })
      after(() => rows.close())

      it('run a turn from insert to settled row with typed values', async () => {
        const store = storeFor({ Conversation, Message, titleColumn: 'title' })
        const upstream = createFakeUpstream()
        const conversation = await Conversation.query().insertAndFetch({ title: 'Hello' })
        expect(conversation.opencode_session_id).to.equal(null)
        expect(conversation.turn_fence).to.equal(0)
        const { sessionId } = await conversation.ensureSession(upstream)
        expect(upstream.titles).to.deep.equal(['Hello'])
        const message = await Message.query().insertAndFetch({
          conversation_id: conversation.id,
          status: 'pending',
        })
        const claim = await message.claimTurn({ owner: 'worker-1', leaseMs: 10_000 })
        if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
        expect(claim.conversation.sessionId).to.equal(sessionId)
        expect(await store.settle(claim.lease, completed)).to.equal(true)
        const settled = await Message.query().findById(message.id).throwIfNotFound()
        expect(settled).to.be.instanceOf(Message)
        expect(settled).to.deep.include({
          status: 'completed',
          reply: completed.reply,
          cost: completed.cost,
          cache_read_tokens: completed.tokens.cacheRead,
          prompt_part_ids: null,
        })
        expect((await message.readTurn())?.tokens).to.deep.equal(completed.tokens)
        expect(await message.cancelTurn()).to.equal(false)
        const reloaded = await Conversation.query().findById(conversation.id).throwIfNotFound()
        expect(reloaded.turn_fence).to.equal(claim.lease.fence)
        expect(await reloaded.abortSession(upstream)).to.equal(true)
        const fresh = await reloaded.recreateSession(sessionId, upstream)
        expect(fresh.created).to.equal(true)
      })

      it('write JSON columns through the model as text', async () => {
        const conversation = await Conversation.query().insertAndFetch({ title: 'JSON' })
        const inserted = await Message.query().insert({
          conversation_id: conversation.id,
          status: 'completed',
          reply: { parts: [1] },
        } as Partial<Message>)
        const raw = await rows.knex('messages').where({ id: inserted.id }).first('reply')
        expect(raw).to.deep.equal({ reply: '{"parts":[1]}' })
        const read = await Message.query().findById(inserted.id)
        expect(read?.reply).to.deep.equal({ parts: [1] })
      })
    })
  }

  it('keep the statics of the base class', () => {
    expect(Conversation.greeting()).to.equal('own statics stay')
  })

  it('name what is missing when no store was made', () => {
    class Lonely extends ConversationMixin(Model) {
      static override tableName = 'lonely' as const
    }
    const conversation = new Lonely()
    expect(() => conversation.abortSession({ abort: async () => undefined })).to.throw(
      TypeError,
      'storeFor',
    )
  })

  it('refuse classes without the mixins', () => {
    class Plain extends Model {
      static override tableName = 'plain' as const
    }
    expect(() => storeFor({ Conversation: Plain as never, Message })).to.throw(
      TypeError,
      '`Conversation`',
    )
    expect(() => storeFor({ Conversation, Message: Plain as never })).to.throw(
      TypeError,
      '`Message`',
    )
  })
})

describe('the store under a Knex that maps names', () => {
  const kind = databases.find(({ skip, name }) => skip === null && name !== 'sqlite')
  if (kind === undefined) {
    it('reads its columns under any mapping of identifiers (skipped: needs PostgreSQL or MySQL)')
    return
  }

  it('reads its columns under any mapping of identifiers', async () => {
    const rows = await openRows(kind)
    const mapped = knex({
      client: kind.name === 'mysql' ? 'mysql2' : 'pg',
      connection: rows.database.url,
      ...knexSnakeCaseMappers(),
    })
    try {
      const conversationId = await rows.insertConversation()
      const turnId = await rows.insertTurn(conversationId)
      const store = createSessionStore({ knex: mapped })
      const claim = await store.claim({ conversationId, turnId, owner: 'w', leaseMs: 1000 })
      if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
      expect(await store.settle(claim.lease, completed)).to.equal(true)
      expect((await store.read(turnId))?.tokens).to.deep.equal(completed.tokens)

      class CamelMessage extends MessageMixin(Model) {
        static override tableName = 'messages' as const
        static override columnNameMappers = snakeCaseMappers()
        declare inputTokens: number
      }
      const read = await CamelMessage.query(rows.knex).findById(turnId).throwIfNotFound()
      expect(read.inputTokens).to.equal(completed.tokens.input)
      expect(read.reply).to.deep.equal(completed.reply)

      class MappedMessage extends MessageMixin(Model) {
        static override tableName = 'messages' as const
        declare inputTokens: number
      }
      const other = await MappedMessage.query(mapped).findById(turnId).throwIfNotFound()
      expect(other.inputTokens).to.equal(completed.tokens.input)
      expect(other.reply).to.deep.equal(completed.reply)
    } finally {
      await mapped.destroy()
      await rows.close()
    }
  })
})
