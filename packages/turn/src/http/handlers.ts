import type { AskDecision } from '../ask-records.js'
import { reportSafely } from '../errors.js'
import type { Delivery, RowId, TurnStatus } from '../ports.js'
import { json, refuse } from './answers.js'
import type { RouteIds, RouteName } from './match.js'
import type { RouteFile, RouteStore, TurnRoutesOptions } from './options.js'
import { deliveryOf, textOf, textOfMessages } from './read-message.js'
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
  const { store, begin, openTurn, files, onDue } = options
  const views = createTurnViews(options)

  async function beginWith(
    text: string | null,
    { request, userId, body, ids: { conversationId } }: RouteCall<UserId>,
    answer: (turnId: RowId, delivery: Delivery | null) => Promise<Response | null>,
  ): Promise<Response | null> {
    const delivery = deliveryOf(body)
    if (text === null || delivery === null) return refuse('invalid_body')
    const begun = await begin({ request, conversationId, userId, text, delivery, body })
    if (isRowId(begun)) {
      const queued = await store.enqueue?.({ conversationId, turnId: begun, delivery })
      return answer(begun, queued?.accepted === true ? queued.delivery : null)
    }
    // A host without types may give the row itself, or forget to give anything.
    if ((begun as Response | null | undefined)?.headers === undefined) {
      throw new TypeError('`begin` must give the id of the row, or a Response')
    }
    return begun
  }

  /** What was written stands, whatever becomes of this: a sweep finds the turn, too. */
  async function isDue(turnId: string): Promise<void> {
    if (onDue === undefined) return
    try {
      const turn = await store.read(turnId)
      if (turn !== null) await onDue({ turnId: turn.turnId, conversationId: turn.conversationId })
    } catch (error) {
      reportSafely(options.onError, error, { step: 'route', turnId, conversationId: null })
    }
  }

  return {
    start: (call) =>
      beginWith(textOf(call.body), call, async (turnId, delivery) =>
        json({ turnId, delivery }, 201),
      ),
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
    async stop({ ids: { turnId } }) {
      const [before] = onDue === undefined ? [] : await standingsOf(store, turnId)
      const stopped = await store.cancel({ turnId })
      if (stopped && before?.status === 'waiting') await isDue(turnId)
      return json({ stopped })
    },
    async withdraw({ ids: { turnId } }) {
      const outcome = (await store.withdraw?.(turnId)) ?? 'missing'
      if (outcome === 'withdrawn') return json({ outcome })
      return outcome === 'missing' ? null : refuse(`turn_${outcome}`)
    },
    async answer({ userId, ids: { turnId, askId }, body }) {
      try {
        // The store looks at it, beside what was asked.
        const decision = body as AskDecision
        const answer = await store.answerAsk({ turnId, askId, decision, by: String(userId) })
        if (!answer.accepted) return refuse(`ask_${answer.reason}`)
        if (answer.isParked === true) await isDue(turnId)
        return json({ outcome: 'done' })
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

async function standingsOf(
  store: Pick<RouteStore, 'read' | 'peek'>,
  turnId: string,
): Promise<readonly ({ readonly status: TurnStatus } | null)[]> {
  return store.peek === undefined ? [await store.read(turnId)] : await store.peek([turnId])
}

function isRowId(value: RowId | Response): value is RowId {
  return ['string', 'number', 'bigint'].includes(typeof value)
}
