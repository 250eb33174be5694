import type { AskDecision } from '../ask-records.js'
import type { RowId } from '../ports.js'
import { json, refuse } from './answers.js'
import type { RouteIds, RouteName } from './match.js'
import type { RouteFile, TurnRoutesOptions } from './options.js'
import { textOf, textOfMessages } from './read-message.js'
import { createTurnViews } from './turn-views.js'

/** What a person may do, and asks for. */
export interface RouteCall<UserId extends RowId> {
  readonly request: Request
  readonly userId: UserId
  readonly ids: RouteIds
  /** Of a POST; else empty. */
  readonly body: Readonly<Record<string, unknown>>
}

/** Null when what was asked for does not exist. */
export type RouteHandler<UserId extends RowId> = (
  call: RouteCall<UserId>,
) => Promise<Response | null>

/** What each route does, once it is known that this person may do it. */
export function createHandlers<UserId extends RowId, File extends RouteFile>(
  options: TurnRoutesOptions<UserId, File>,
): Readonly<Record<RouteName, RouteHandler<UserId>>> {
  const { store, begin, openTurn, files } = options
  const views = createTurnViews(options)

  async function beginWith(
    text: string | null,
    { request, userId, body, ids: { conversationId } }: RouteCall<UserId>,
    answer: (turnId: RowId) => Promise<Response | null>,
  ): Promise<Response | null> {
    if (text === null) return refuse('invalid_body')
    const begun = await begin({ request, conversationId, userId, text, body })
    if (isRowId(begun)) return answer(begun)
    // A host without types may give the row itself, or forget to give anything.
    if ((begun as Response | null | undefined)?.headers === undefined) {
      throw new TypeError('`begin` must give the id of the row, or a Response')
    }
    return begun
  }

  return {
    start: (call) => beginWith(textOf(call.body), call, async (turnId) => json({ turnId }, 201)),
    chat: (call) =>
      beginWith(textOfMessages(call.body['messages']), call, (turnId) =>
        views.begunUiMessages(call.request, turnId),
      ),
    async resume({ request, ids }) {
      const turnId = (await openTurn?.(ids.conversationId)) ?? null
      const stream = turnId === null ? null : await views.uiMessages(request, turnId)
      return stream ?? new Response(null, { status: 204 })
    },
    events: ({ request, ids }) => views.events(request, ids.turnId),
    stop: async ({ ids: { turnId } }) => json({ stopped: await store.cancel({ turnId }) }),
    async answer({ userId, ids: { turnId, askId }, body }) {
      try {
        // The store looks at it, beside what was asked.
        const decision = body as AskDecision
        const answer = await store.answerAsk({ turnId, askId, decision, by: String(userId) })
        return answer.accepted ? json({ outcome: 'done' }) : refuse(`ask_${answer.reason}`)
      } catch (error) {
        if (error instanceof TypeError) return refuse('invalid_decision')
        throw error
      }
    },
    async files({ request: { signal }, ids: { turnId } }) {
      const listed: RouteFile[] = []
      for await (const file of files?.list(turnId, { signal }) ?? []) {
        const { id, path, name, contentType, sizeBytes } = file
        listed.push({ id, path, name, contentType, sizeBytes })
      }
      return json({ files: listed })
    },
    async file({ request, ids: { turnId, fileId } }) {
      const file = (await files?.find(turnId, fileId, { signal: request.signal })) ?? null
      return file === null ? null : (files?.respond(request, file) ?? null)
    },
  }
}

function isRowId(value: RowId | Response): value is RowId {
  return ['string', 'number', 'bigint'].includes(typeof value)
}
