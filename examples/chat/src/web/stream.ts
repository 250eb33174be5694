import { openEventStream } from '@turnstead/reply/server-sent-events'
import type { Request, RequestHandler, Response } from 'express'
import type { ConversationFeeds } from '../live/conversation-feeds.js'
import type { News } from '../live/news.js'
import type { ChatRows } from '../rows/rows.js'
import { userOf } from './log-in.js'
import { parseRowId } from './security.js'
import type { StreamMessage, Streams } from './streams.js'

export interface StreamRouteOptions {
  readonly rows: Pick<ChatRows, 'of'>
  readonly feeds: ConversationFeeds
  readonly news: News
  readonly streams: Streams
  /** Turbo Stream elements that bring lists up to date with a conversation, which may be gone; null: with all that changed lately. */
  readonly listChange: (userId: string, conversationId: number | null) => Promise<string>
  /** Turbo Stream elements that bring any page to how the agent's server is now. */
  readonly agentNow: () => string
  /** Something is going on that every page shows, such as the start of the agent's server. */
  readonly isUnsettled: () => boolean
  readonly onError: (error: unknown, where: string) => void
}

/** A browser shows this many conversations at most. */
const maxConversations = 50
/** How often it is asked whether something still runs, for news that was lost. */
const lookMs = 10_000
/** What follows the end of a turn at once belongs to the same stream. */
const quietMs = 500

/**
 * One stream for all pages of a browser: `GET /stream?c=12.5.place&c=…`, where 12 is a conversation, 5 its first turn that may have
 * changed, and the place where its pages are, if that is known. First all that has changed, then each change, until nothing of
 * the user's runs. The browser comes again by itself, to any process, so nothing is remembered for it.
 */
export function streamRoute(options: StreamRouteOptions): RequestHandler {
  const { rows, feeds, news, streams, listChange, agentNow, isUnsettled, onError } = options

  async function follow(request: Request, response: Response): Promise<void> {
    const { id: userId } = userOf(response)
    const own = rows.of(userId)
    const writer = streams.add(userId, () => openEventStream(response))
    // The browser comes again by itself.
    if (writer === null) return void response.status(429).set('retry-after', '5').end()
    const { left } = writer
    if (left.aborted) return
    const send = (message: StreamMessage): void => writer.send(JSON.stringify(message))
    // What has changed since its pages were made was told to no one who was not there.
    send({ conversation: null, html: agentNow() })
    const report = (error: unknown): void => onError(error, 'stream')
    const until = (stop: () => void): void => {
      if (left.aborted) stop()
      else left.addEventListener('abort', stop)
    }

    let timer: NodeJS.Timeout | null = null
    const joined: number[] = []
    let isReady = false
    const endIfQuiet = async (): Promise<void> => {
      timer = null
      // What it was opened for is still being read.
      if (!isReady) return
      if (left.aborted || isUnsettled() || (await own.isBusy())) return
      // Something was told while the rows were asked.
      if (timer !== null) return
      // The rows know of an end before the pages do.
      if (feeds.isUnfinished(joined) || showing > 0) return lookSoon()
      send({ idle: true })
      writer.close()
    }
    const lookSoon = (): void => {
      timer ??= setTimeout(() => void endIfQuiet().catch(report), quietMs)
    }
    const show = async (conversationId: number | null): Promise<void> => {
      unshown.delete(conversationId)
      const html = await listChange(userId, conversationId)
      send({
        listed: conversationId,
        html,
        // What was removed meanwhile was told to no one who was not there.
        ...(conversationId === null && { ids: await own.list.ids() }),
      })
    }
    const unshown = new Set<number | null>()
    let shown = Promise.resolve()
    let showing = 0
    /** One after the other: what was read first must not come last. */
    const showList = async (conversationId: number | null): Promise<void> => {
      if (unshown.has(conversationId)) return
      unshown.add(conversationId)
      showing += 1
      const mine = shown.then(() => show(conversationId)).finally(() => (showing -= 1))
      shown = mine.catch(() => undefined)
      await mine
    }
    const listening = news.listen(userId, (changed) => {
      showList(changed).catch(report)
      lookSoon()
    })
    until(() => listening.stop())
    const looking = setInterval(lookSoon, lookMs)
    until(() => clearInterval(looking))
    until(() => timer !== null && clearTimeout(timer))
    await listening.ready
    await showList(null)

    const wanted = wantedOf(request.query['c'])
    const theirs = await own.findConversations([...wanted.keys()])
    for (const conversation of theirs) {
      const { from, at } = wanted.get(conversation.id) ?? { from: 1, at: null }
      const receive = (change: { html: string; at: string; isWhole?: boolean }): void =>
        send({ conversation: conversation.id, ...change })
      const leave = await feeds.join(conversation, { from, at, receive })
      until(leave)
      joined.push(conversation.id)
    }
    isReady = true
    // Where the rows do not say that, the page has its stream all the same, and is told of them by it.
    await endIfQuiet().catch(report)
  }

  return async (request, response) => {
    try {
      await follow(request, response)
    } catch (error) {
      onError(error, 'stream')
      // It has begun: the browser comes again.
      response.destroy()
    }
  }
}

interface Wanted {
  readonly from: number
  readonly at: string | null
}

function wantedOf(query: unknown): ReadonlyMap<number, Wanted> {
  const texts = (Array.isArray(query) ? query : [query]).slice(0, maxConversations)
  const wanted = new Map<number, Wanted>()
  for (const text of texts) {
    if (typeof text !== 'string') continue
    const [id, from, at] = text.split('.')
    const conversationId = parseRowId(id)
    if (conversationId === null) continue
    wanted.set(conversationId, { from: parseRowId(from) ?? 1, at: at || null })
  }
  return wanted
}
