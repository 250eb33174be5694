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
  declare content: string
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
          turn_status: 'pending',
        })
        const claim = await message.claimTurn({ owner: 'worker-1', leaseMs: 10_000 })
        if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
        expect(claim.conversation.sessionId).to.equal(sessionId)
        expect(await store.settle(claim.lease, completed)).to.equal(true)
        const settled = await Message.query().findById(message.id).throwIfNotFound()
        expect(settled).to.be.instanceOf(Message)
        expect(settled).to.deep.include({
          turn_status: 'completed',
          turn_reply: completed.reply,
          turn_cost: completed.cost,
          turn_cache_read_tokens: completed.tokens.cacheRead,
          turn_prompt_part_ids: null,
        })
        expect((await message.readTurn())?.tokens).to.deep.equal(completed.tokens)
        expect(await message.cancelTurn()).to.equal(false)
        const reloaded = await Conversation.query().findById(conversation.id).throwIfNotFound()
        expect(reloaded.turn_fence).to.equal(claim.lease.fence)
        expect(await reloaded.abortSession(upstream)).to.equal(true)
        const fresh = await reloaded.recreateSession(sessionId, upstream)
        expect(fresh.created).to.equal(true)
      })

      it('leave the columns of the store alone when a loaded instance is written back', async () => {
        const store = storeFor({ Conversation, Message })
        const inserted = await Conversation.query().insertAndFetch({ title: 'Before' })
        const patched = await Conversation.query().patchAndFetchById(inserted.id, { title: 'B' })
        const conversation = await Conversation.query().findById(inserted.id).throwIfNotFound()
        const turn = { conversation_id: inserted.id, turn_status: 'pending' } as const
        const fetched = await Message.query().insertAndFetch(turn)
        const claim = await fetched.claimTurn({ owner: 'worker-1', leaseMs: 10_000 })
        if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
        const loaded = await Message.query().findById(fetched.id).throwIfNotFound()
        const clone = loaded.$clone()
        expect(await store.settle(claim.lease, completed)).to.equal(true)
        const { sessionId } = await conversation.ensureSession(createFakeUpstream())

        for (const stale of [fetched, loaded, clone]) {
          stale.content = 'edited by the host'
          await stale.$query().patch()
          await stale.$query().update()
          await Message.query().findById(stale.id).patch(stale)
          await Message.query().insert(stale).onConflict('id').merge()
          await Message.query().upsertGraph(stale as never)
        }
        const plain = await Message.query().insert(turn)
        await plain.cancelTurn()
        await plain.$query().patch()
        expect((await plain.readTurn())?.status).to.equal('cancelled')
        const row = await Message.query().findById(fetched.id).throwIfNotFound()
        expect(row).to.include({ turn_status: 'completed', turn_text: completed.text })
        expect(row.content).to.equal('edited by the host')

        for (const stale of [inserted, patched, conversation]) {
          stale.title = 'After'
          await stale.$query().patch()
        }
        const reloaded = await Conversation.query().findById(inserted.id).throwIfNotFound()
        expect(reloaded).to.include({
          title: 'After',
          turn_fence: claim.lease.fence,
          turn_owner: 'worker-1',
          opencode_session_id: sessionId,
        })
      })

      it('write plain values, and every column of a new row', async () => {
        const { id } = await Conversation.query().insertAndFetch({ title: 'Plain' })
        const row = { conversation_id: id, turn_status: null }
        const message = await Message.query().insertAndFetch(row)
        await message.$query().patch({ turn_status: 'pending' })
        expect((await message.readTurn())?.status).to.equal('pending')
        const copy = await Message.query().findById(message.id).throwIfNotFound()
        await Message.query().deleteById(message.id)
        await Message.query().insert(copy)
        expect((await message.readTurn())?.status).to.equal('pending')
      })

      it('take keys in every form that a driver gives', async () => {
        const { id } = await Conversation.query().insertAndFetch({ title: 'Keys' })
        const turn = { conversation_id: id, turn_status: 'pending' } as const
        const message = await Message.query().insertAndFetch(turn)
        for (const form of [BigInt, String, Number]) {
          message.conversation_id = form(id)
          Object.assign(message, { id: form(Number(message.id)) })
          const claim = await message.claimTurn({ owner: `${form.name}`, leaseMs: 10_000 })
          if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
          expect(JSON.parse(JSON.stringify(claim.turn))).to.deep.include({ status: 'running' })
          await storeFor({ Conversation, Message }).release(claim.lease)
        }
        expect(await message.cancelTurn()).to.equal(true)
      })

      it('write JSON columns through the model as text', async () => {
        const conversation = await Conversation.query().insertAndFetch({ title: 'JSON' })
        const inserted = await Message.query().insert({
          conversation_id: conversation.id,
          turn_status: 'completed',
          turn_reply: { parts: [1] },
        } as Partial<Message>)
        const raw = await rows.knex('messages').where({ id: inserted.id }).first('turn_reply')
        expect(raw).to.deep.equal({ turn_reply: '{"parts":[1]}' })
        const read = await Message.query().findById(inserted.id)
        expect(read?.turn_reply).to.deep.equal({ parts: [1] })
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
        declare turnInputTokens: number
        declare turnReply: unknown
      }
      const read = await CamelMessage.query(rows.knex).findById(turnId).throwIfNotFound()
      expect(read.turnInputTokens).to.equal(completed.tokens.input)
      expect(read.turnReply).to.deep.equal(completed.reply)

      class MappedMessage extends MessageMixin(Model) {
        static override tableName = 'messages' as const
        declare turnInputTokens: number
        declare turnReply: unknown
      }
      const other = await MappedMessage.query(mapped).findById(turnId).throwIfNotFound()
      expect(other.turnInputTokens).to.equal(completed.tokens.input)
      expect(other.turnReply).to.deep.equal(completed.reply)
    } finally {
      await mapped.destroy()
      await rows.close()
    }
  })
})
