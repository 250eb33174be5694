import { setTimeout as sleep } from 'node:timers/promises'
import { openEventStream } from '@turnstead/reply/server-sent-events'
import { html, turboStream, type HtmlValue } from '@turnstead/reply/turbo'
import type { Response } from 'express'
import type { ChatRows } from '../rows/rows.js'
import type { Feed } from '../live/feed.js'
import type { TurnViews } from '../live/turn-views.js'
import { composerAction } from '../views/composer.js'
import { turnArticle, turnElementId } from '../views/turn.js'
import type { Worker } from '../jobs/worker.js'

/** How often a turn is looked up that another process runs. */
const lookMs = 1_000

export interface ConversationStream {
  readonly conversationId: number
  /** The first turn that may have changed since the page was made. */
  readonly from: number
  readonly rows: ChatRows
  readonly views: TurnViews
  readonly feed: Feed
  readonly worker: Worker
}

/**
 * Brings a page up to date and keeps it so: first every turn since `from` as it stands now, then each
 * change. The browser reconnects by itself and begins here again, so nothing is remembered for it.
 */
export async function sendConversationStream(
  response: Response,
  { conversationId, from, rows, views, feed, worker }: ConversationStream,
): Promise<void> {
  const page = openEventStream(response)
  if (page.left.aborted) return
  const render = await views.load(await rows.turnsFrom(conversationId, from))
  if (page.left.aborted) return
  const send = (changes: HtmlValue): void => page.send(String(html`${changes}`))

  // No `await` from here to the subscription: no change can fall between them.
  const turns = render()
  const open = turns.filter((turn) => turn.isOpen)
  // `append` first removes an element with the same id: what the page has already is brought up to date.
  send(turns.map((turn) => turboStream('append', 'turns', turnArticle(turn))))
  send(turboStream('replace', 'composer-action', composerAction(open[0]?.id ?? null)))
  page.left.addEventListener('abort', feed.subscribe(conversationId, send))
  const elsewhere = open.filter((turn) => worker.live(turn.id) === null)
  await Promise.all(elsewhere.map((turn) => followRow(turn.id)))

  /** A turn of this process is in the feed; of one that runs elsewhere, or not yet, only the row tells. */
  async function followRow(turnId: number): Promise<void> {
    let shown = ''
    for (;;) {
      await sleep(lookMs, undefined, { signal: page.left }).catch(() => undefined)
      const message = page.left.aborted ? null : await rows.findMessage(turnId)
      if (message === null) return
      const [turn] = (await views.load([message]))()
      if (turn === undefined) return
      const article = turnArticle(turn)
      if (String(article) !== shown) {
        send(turboStream('replace', turnElementId(turnId), article))
      }
      shown = String(article)
      if (!turn.isOpen) {
        const next = await rows.firstOpenTurn(conversationId)
        send(turboStream('replace', 'composer-action', composerAction(next)))
        return
      }
      // It was taken over by this process: its changes follow on what was just shown.
      if (worker.live(turnId) !== null) return
    }
  }
}
