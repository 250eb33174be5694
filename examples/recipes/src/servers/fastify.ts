import { sendArtifact } from '@turnstead/artifacts'
import { createChangeLog, writeEventStream } from '@turnstead/reply/server-sent-events'
import { uiMessageStream, writeUiMessageStream } from '@turnstead/reply/ui-message-stream'
import type { AskDecision } from '@turnstead/session'
import fastify from 'fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Turns } from './turns.js'

type UserOf = (request: FastifyRequest) => number | null
type Params = { Params: { conversationId: string; turnId: string; askId: string; fileId: string } }
type Chat = { Body: { messages: { parts: { text?: string }[] }[] } }

/** The web process of an application on Fastify. `userOf` is your sign-in. */
export function createFastifyApp(turns: Turns, userOf: UserOf) {
  const app = fastify({ forceCloseConnections: true })

  // Someone else's conversation is none. No route is reached past this.
  app.addHook<Params>('preHandler', async (request, reply) => {
    const { conversationId, turnId } = request.params
    const userId = userOf(request)
    const isTheirs =
      userId !== null &&
      (conversationId === undefined || (await turns.ownsConversation(userId, conversationId))) &&
      (turnId === undefined || (await turns.ownsTurn(userId, turnId)))
    if (!isTheirs) return reply.code(404).send()
  })

  const streamUi = async (turnId: string | number | undefined, reply: FastifyReply) => {
    const turn = turnId === undefined ? null : await turns.follow(turnId)
    if (turn === null) return reply.code(204).send()
    reply.hijack()
    reply.raw.once('close', () => turn.close())
    await writeUiMessageStream(uiMessageStream(turn, { ended: turn.ended }), reply.raw)
  }

  app.post<Params & { Body: { text: string } }>(
    '/conversations/:conversationId/turns',
    async ({ params, body }, reply) =>
      reply.code(201).send({ turnId: await turns.begin(params.conversationId, String(body.text)) }),
  )
  app.get<Params>('/turns/:turnId/events', async (request, reply) => {
    const turn = await turns.follow(request.params.turnId)
    if (turn === null) return reply.code(404).send()
    reply.hijack()
    reply.raw.once('close', () => turn.close())
    await writeEventStream(createChangeLog(turn), request.raw, reply.raw, { ended: turn.ended })
  })

  // `useChat` with `resume: true`: what it sends, and what it asks for after a reload.
  app.post<Params & Chat>('/chat/:conversationId', async ({ params, body }, reply) => {
    const text = (body.messages.at(-1)?.parts ?? []).map((part) => part.text ?? '').join('')
    return streamUi(await turns.begin(params.conversationId, text), reply)
  })
  app.get<Params>('/chat/:conversationId/stream', async ({ params }, reply) =>
    streamUi(await turns.openTurn(params.conversationId), reply),
  )

  app.post<Params>('/turns/:turnId/stop', async ({ params }) => ({
    stopped: await turns.store.cancel({ turnId: params.turnId }),
  }))
  app.post<Params & { Body: AskDecision }>('/turns/:turnId/asks/:askId', async (request, reply) => {
    const { turnId, askId } = request.params
    const outcome = await turns.answer(turnId, askId, `user-${userOf(request)}`, request.body)
    return reply
      .code(outcome === 'done' ? 200 : outcome === 'invalid' ? 400 : 409)
      .send({ outcome })
  })

  app.get<Params>('/turns/:turnId/files', async ({ params }) => {
    const files = []
    for await (const { id, path } of turns.files.list(params.turnId)) files.push({ id, path })
    return { files }
  })
  app.get<Params>('/turns/:turnId/files/:fileId', async ({ params, raw }, reply) => {
    const file = await turns.files.find(params.turnId, params.fileId)
    reply.hijack()
    await sendArtifact(raw, reply.raw, { store: turns.fileStore, key: file?.key, name: file?.name })
  })
  return app
}
