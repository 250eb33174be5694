import { sendArtifact } from '@turnstead/artifacts'
import { createChangeLog, writeEventStream } from '@turnstead/reply/server-sent-events'
import { uiMessageStream, writeUiMessageStream } from '@turnstead/reply/ui-message-stream'
import express from 'express'
import type { Express, Request, Response } from 'express'
import type { Turns } from './turns.js'

type UserOf = (request: Request) => number | null

/** The web process of an application on Express. `userOf` is your sign-in. */
export function createExpressApp(turns: Turns, userOf: UserOf): Express {
  const app = express()
  app.use(express.json())

  // Someone else's conversation is none. Routes with these parameters cannot be reached past this.
  app.param('conversationId', async (request, response, next, id: string) => {
    const userId = userOf(request)
    const isTheirs = userId !== null && (await turns.ownsConversation(userId, id))
    if (isTheirs) next()
    else response.sendStatus(404)
  })
  app.param('turnId', async (request, response, next, id: string) => {
    const userId = userOf(request)
    const isTheirs = userId !== null && (await turns.ownsTurn(userId, id))
    if (isTheirs) next()
    else response.sendStatus(404)
  })

  const streamUi = async (turnId: string | number | undefined, response: Response) => {
    const turn = turnId === undefined ? null : await turns.follow(turnId)
    if (turn === null) return void response.sendStatus(204)
    response.once('close', () => turn.close())
    await writeUiMessageStream(uiMessageStream(turn, { ended: turn.ended }), response)
  }

  app.post('/conversations/:conversationId/turns', async ({ params, body }, response) => {
    const turnId = await turns.begin(params.conversationId, String(body.text))
    response.status(201).json({ turnId })
  })
  app.get('/turns/:turnId/events', async (request, response) => {
    const turn = await turns.follow(request.params.turnId)
    if (turn === null) return void response.sendStatus(404)
    response.once('close', () => turn.close())
    await writeEventStream(createChangeLog(turn), request, response, { ended: turn.ended })
  })

  // `useChat` with `resume: true`: what it sends, and what it asks for after a reload.
  app.post('/chat/:conversationId', async ({ params, body }, response) => {
    const parts: { type: string; text?: string }[] = body.messages.at(-1).parts
    const text = parts.map((part) => part.text ?? '').join('')
    await streamUi(await turns.begin(params.conversationId, text), response)
  })
  app.get('/chat/:conversationId/stream', async ({ params }, response) =>
    streamUi(await turns.openTurn(params.conversationId), response),
  )

  app.post('/turns/:turnId/stop', async ({ params }, response) => {
    response.json({ stopped: await turns.store.cancel({ turnId: params.turnId }) })
  })
  app.post('/turns/:turnId/asks/:askId', async (request, response) => {
    const { turnId, askId } = request.params
    const outcome = await turns.answer(turnId, askId, `user-${userOf(request)}`, request.body)
    response.status(outcome === 'done' ? 200 : outcome === 'invalid' ? 400 : 409).json({ outcome })
  })

  app.get('/turns/:turnId/files', async ({ params }, response) => {
    const files = []
    for await (const { id, path } of turns.files.list(params.turnId)) files.push({ id, path })
    response.json({ files })
  })
  app.get('/turns/:turnId/files/:fileId', async (request, response) => {
    const file = await turns.files.find(request.params.turnId, request.params.fileId)
    await sendArtifact(request, response, {
      store: turns.fileStore,
      key: file?.key,
      name: file?.name,
    })
  })
  return app
}
