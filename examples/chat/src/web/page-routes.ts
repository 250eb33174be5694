import { html, turboStreamType } from '@turnstead/reply/turbo'
import { Router, type Request, type Response } from 'express'
import type { Choices } from '../agent/choices.js'
import type { FeedPlace } from '../live/conversation-feed.js'
import type { ConversationFeeds } from '../live/conversation-feeds.js'
import type { TurnViews } from '../live/turn-views.js'
import type { Conversation, Message } from '../rows/models.js'
import type { ChatRows } from '../rows/rows.js'
import type { UserRows } from '../rows/user-rows.js'
import type { Frame } from '../views/layout.js'
import type { EditedMessage } from '../views/composer.js'
import { searchChanges } from '../views/conversation-list.js'
import { conversationPage, homePage, olderChanges, olderPage } from '../views/pages.js'
import type { TurnView } from '../views/turn.js'
import { parseRowId } from './security.js'
import { takesTurboStreams } from './turbo-requests.js'

export interface PageRoutesOptions {
  readonly rows: Pick<ChatRows, 'latestTurns' | 'turnsBefore' | 'firstOpenTurn'>
  readonly rowsOf: (
    response: Response,
  ) => Pick<UserRows, 'findConversation' | 'findMessage' | 'list'>
  readonly views: TurnViews
  readonly feeds: ConversationFeeds
  readonly choices: () => Promise<Choices>
  /** Prompts that the first page offers. */
  readonly suggestions: readonly string[]
  readonly frame: (response: Response, currentId: number | null, search?: string) => Promise<Frame>
  readonly sendProblem: (response: Response, status: number, text: string) => Promise<void>
}

/** What is looked at: the first page with the list, a conversation, and what is older of it. */
export function pageRoutes(options: PageRoutesOptions): Router {
  const { rows, rowsOf, views, feeds, frame, choices, suggestions, sendProblem } = options
  const router = Router()

  const find = async (response: Response, id: unknown): Promise<Conversation | null> =>
    rowsOf(response).findConversation(parseRowId(id))
  const absent = (response: Response): Promise<void> =>
    sendProblem(response, 404, 'There is no such conversation.')
  const load = (conversation: Conversation, turns: readonly Message[]): Promise<() => TurnView[]> =>
    views.load(conversation, turns, (turnId) => feeds.live(conversation.id, turnId))

  /** Where a page with these turns is, if nothing began or ended while it was made and all that runs was shown as it is followed. */
  function placeOf(
    id: number,
    shown: readonly TurnView[],
    before: FeedPlace | null,
  ): string | null {
    const now = feeds.placeOf(id)
    const isFollowed = shown.every((turn) => !turn.isOpen || feeds.live(id, turn.id) !== null)
    return now !== null && now.line === before?.line && isFollowed ? now.at : null
  }

  router.get('/', async (request, response) => {
    const { q = '' } = request.query
    const search = typeof q === 'string' ? q.slice(0, 200) : ''
    response.set('cache-control', 'no-store').vary('accept')
    // Turbo takes both where a form has led here, as after a removal: that is to be the page.
    if (takesTurboStreams(request as Request) && request.accepts('html') === false) {
      const conversations = await rowsOf(response).list.all({ search })
      const changes = searchChanges({ conversations, search, now: Date.now() })
      response.type(turboStreamType).send(String(changes))
      return
    }
    const [around, offered] = await Promise.all([frame(response, null, search), choices()])
    response.type('html')
    response.send(String(homePage({ frame: around, suggestions, choices: offered })))
  })

  router.get('/conversations/:id', async (request, response) => {
    const conversation = await find(response, request.params.id)
    if (conversation === null) return absent(response)
    const { id, shownTitle: title } = conversation
    const before = feeds.placeOf(id)
    const { turns, hasOlder } = await rows.latestTurns(id)
    const edited = await rowsOf(response).findMessage(parseRowId(request.query['edit']))
    const [around, offered, running] = await Promise.all([
      frame(response, id),
      choices(),
      // With many that wait behind it, it is not among those that are shown.
      rows.firstOpenTurn(id),
    ])
    const listed =
      around.conversations.find((each) => each.id === id) ?? (await rowsOf(response).list.find(id))
    const render = await load(conversation, turns)
    response.set('cache-control', 'no-store').type('html')
    const shown = render()
    const page = conversationPage({
      frame: around,
      place: placeOf(id, shown, before),
      id,
      title,
      cost: listed?.cost ?? 0,
      turns: shown,
      runningTurnId: running,
      hasOlderTurns: hasOlder,
      choices: offered,
      chosen: turns.at(-1)?.chosen ?? { model: null, agent: null },
      edited: edited?.conversationId === id ? toEdit(edited) : null,
    })
    response.send(String(page))
  })

  router.get('/conversations/:id/older', async (request, response) => {
    const conversation = await find(response, request.params.id)
    const before = parseRowId(request.query['before'])
    if (conversation === null || before === null) return absent(response)
    const { id, shownTitle: title } = conversation
    const { turns, hasOlder } = await rows.turnsBefore(id, before)
    const shown = (await load(conversation, turns))()
    response.set('cache-control', 'no-store')
    if (takesTurboStreams(request as Request)) {
      const changes = html`${olderChanges(id, shown, hasOlder)}`
      response.type(turboStreamType).send(String(changes))
      return
    }
    const around = await frame(response, id)
    const page = olderPage(around, { id, title, turns: shown, hasOlderTurns: hasOlder })
    response.type('html').send(String(page))
  })

  return router
}

function toEdit({ id, body: text, files, replaced_by: replacedBy }: Message): EditedMessage | null {
  return replacedBy === null ? { id, text, files: files.map(({ name }) => name) } : null
}
