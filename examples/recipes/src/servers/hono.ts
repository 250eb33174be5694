import { artifactResponse } from '@turnstead/artifacts'
import { createChangeLog, toEventResponse } from '@turnstead/reply/server-sent-events'
import { toUiMessageResponse, uiMessageStream } from '@turnstead/reply/ui-message-stream'
import { Hono } from 'hono'
import type { Turns } from './turns.js'

type UserOf = (request: Request) => number | null

/** The web process of an application on Hono. `userOf` is your sign-in. */
export function createHonoApp(turns: Turns, userOf: UserOf) {
  const app = new Hono<{ Variables: { userId: number } }>()

  // Someone else's conversation is none. Every route is below one of these two.
  for (const path of ['/conversations/:conversationId/*', '/chat/:conversationId/*'] as const) {
    app.use(path, async (context, next) => {
      const userId = userOf(context.req.raw)
      const id = context.req.param('conversationId')
      if (userId === null || !(await turns.ownsConversation(userId, id))) return context.notFound()
      context.set('userId', userId)
      return next()
    })
  }
  app.use('/turns/:turnId/*', async (context, next) => {
    const userId = userOf(context.req.raw)
    const turnId = context.req.param('turnId')
    if (userId === null || !(await turns.ownsTurn(userId, turnId))) return context.notFound()
    context.set('userId', userId)
    return next()
  })

  const streamUi = async (turnId: string | number | undefined, { signal }: Request) => {
    const turn = turnId === undefined ? null : await turns.follow(turnId, signal)
    if (turn === null) return new Response(null, { status: 204 })
    return toUiMessageResponse(uiMessageStream(turn, { ended: turn.ended, signal }))
  }

  app.post('/conversations/:conversationId/turns', async ({ req, json }) => {
    const { text } = await req.json<{ text: string }>()
    return json({ turnId: await turns.begin(req.param('conversationId'), String(text)) }, 201)
  })
  app.get('/turns/:turnId/events', async ({ req, notFound }) => {
    const turn = await turns.follow(req.param('turnId'), req.raw.signal)
    if (turn === null) return notFound()
    return toEventResponse(createChangeLog(turn), req.raw, { ended: turn.ended })
  })

  // `useChat` with `resume: true`: what it sends, and what it asks for after a reload.
  app.post('/chat/:conversationId', async ({ req }) => {
    const { messages } = await req.json<{ messages: { parts: { text?: string }[] }[] }>()
    const text = (messages.at(-1)?.parts ?? []).map((part) => part.text ?? '').join('')
    return streamUi(await turns.begin(req.param('conversationId'), text), req.raw)
  })
  app.get('/chat/:conversationId/stream', async ({ req }) =>
    streamUi(await turns.openTurn(req.param('conversationId')), req.raw),
  )

  app.post('/turns/:turnId/stop', async ({ req, json }) =>
    json({ stopped: await turns.store.cancel({ turnId: req.param('turnId') }) }),
  )
  app.post('/turns/:turnId/asks/:askId', async ({ req, json, get }) => {
    const { turnId, askId } = req.param()
    const outcome = await turns.answer(turnId, askId, `user-${get('userId')}`, await req.json())
    return json({ outcome }, outcome === 'done' ? 200 : outcome === 'invalid' ? 400 : 409)
  })

  app.get('/turns/:turnId/files', async ({ req, json }) => {
    const files = []
    for await (const { id, path } of turns.files.list(req.param('turnId'))) files.push({ id, path })
    return json({ files })
  })
  app.get('/turns/:turnId/files/:fileId', async ({ req }) => {
    const file = await turns.files.find(req.param('turnId'), req.param('fileId'))
    return artifactResponse(req.raw, { store: turns.fileStore, key: file?.key, name: file?.name })
  })
  return app
}
