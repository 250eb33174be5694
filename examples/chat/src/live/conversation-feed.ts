import { randomUUID } from 'node:crypto'
import { html, turboStream, type Html } from '@turnstead/reply/turbo'
import type { Conversation } from '../rows/models.js'
import type { ChatRows } from '../rows/rows.js'
import { composerAction } from '../views/composer.js'
import { createRecentChanges, type FeedChange } from './recent-changes.js'
import { createFollowedTurns, isTidy } from './followed-turns.js'
import type { Heartbeats } from './heartbeats.js'
import type { LiveTurn } from './live-turn.js'
import type { Listening, News } from './news.js'
import { oneAtATime } from './one-at-a-time.js'
import { createTurnReader } from './turn-reader.js'
import { endOfTurn } from './turn-end.js'
import type { TurnViews } from './turn-views.js'

/** A conversation as the open pages of this process see it: each of its turns is followed once for all of them. */
export interface ConversationFeed {
  /**
   * Brings a page to now, and keeps it there until the result is called.
   *
   * @param from - The first turn that may have changed since the page was made.
   * @param at - Up to where the page is, as a change said; null for a page that was made anew.
   */
  join(from: number, at: string | null, receive: (change: FeedChange) => void): Promise<() => void>
  /** The turn, if it is followed here. */
  live(turnId: number): LiveTurn | null
  readonly place: FeedPlace
  /** A turn is followed, or the rows are looked at, or an end, or files, are still to be shown. */
  isUnfinished(): boolean
  /** What is wrong with OpenCode has changed. */
  refresh(): void
  close(): void
}

/** Where the pages of a conversation are. */
export interface FeedPlace {
  /** Up to which change. */
  readonly at: string
  /** Is another one when a turn has begun since, or an end was told. */
  readonly line: string
}

export interface ConversationFeedOptions {
  readonly conversation: Pick<Conversation, 'id' | 'user_id' | 'folder'>
  readonly rows: Pick<
    ChatRows,
    'turnsFrom' | 'latestTurns' | 'findTurns' | 'firstOpenTurn' | 'replaced'
  >
  readonly news: News
  readonly views: TurnViews
  readonly heartbeats: Heartbeats
  readonly onError: (error: unknown, where: string) => void
}

/** How often the rows are looked at, for news that was lost. */
const lookMs = 5_000

export function createConversationFeed(options: ConversationFeedOptions): ConversationFeed {
  const { conversation, rows, news, views, onError } = options
  const { id: conversationId } = conversation
  const receivers = new Set<(change: FeedChange) => void>()
  const name = randomUUID().slice(0, 8)
  const recent = createRecentChanges(name)
  let lastId = 0
  let endsTold = 0
  let isClosed = false

  const publish = (changes: readonly Html[]): void => {
    if (changes.length === 0 || isClosed) return
    const change = recent.add(String(html`${changes}`))
    for (const receive of [...receivers]) receive(change)
  }
  const report = (error: unknown): void => onError(error, `conversation ${conversationId}, live`)

  let ending = 0
  const turns = createFollowedTurns({
    ...options,
    publish,
    report,
    async onEnd(turnId) {
      ending += 1
      await showEnd([turnId]).finally(() => (ending -= 1))
    },
  })
  const { live, untidy } = turns

  /** The end of turns, and again what comes after it. */
  async function showEnd(turnIds: readonly number[]): Promise<void> {
    const newest = Math.max(...untidy.keys())
    const messages = await rows.findTurns(turnIds)
    const render = await views.load(conversation, messages, (id) => live.get(id) ?? null)
    const open = await rows.firstOpenTurn(conversationId)
    for (const message of messages) if (isTidy(message, untidy)) untidy.delete(message.id)
    endsTold += 1
    publish([
      ...render().flatMap((turn) => endOfTurn(turn, turn.id === newest)),
      turboStream('replace', 'composer-action', composerAction(open)),
    ])
  }

  /** What was begun elsewhere, and the files that came after an end. */
  const look = oneAtATime(async () => {
    const isFirst = lastId === 0
    if (isFirst) {
      const { turns: newest } = await rows.latestTurns(conversationId)
      await turns.attend(newest)
      lastId = newest.at(-1)?.id ?? 0
    } else await turns.dropRemoved()
    const late = await rows.findTurns([...untidy.keys()])
    const tidy = late.filter((message) => isTidy(message, untidy))
    if (tidy.length > 0) await showEnd(tidy.map(({ id }) => id))
    if (!isFirst) await showBegun()
  })
  let looking = 0
  const lookNow = (): void => {
    looking += 1
    void look()
      .catch(report)
      .finally(() => (looking -= 1))
  }

  const listening: Listening = news.listen(conversation.user_id, (changed) => {
    if (changed === null || changed === conversationId) lookNow()
  })
  const timer = setInterval(lookNow, lookMs)
  const ready = listening.ready.then(async () => await look())
  ready.catch(() => undefined)

  const line = (): string => `${name}:${lastId}:${endsTold}:${[...live.keys()].join()}`

  const read = createTurnReader({ ...options, turns, line })

  async function showBegun(): Promise<void> {
    if ((await rows.turnsFrom(conversationId, lastId + 1)).length === 0) return
    for (;;) {
      const { newest, render } = await read(lastId + 1)
      const begun = render()
      if (begun === null) continue
      // Not before: where the rows failed meanwhile, it is still to be shown.
      lastId = newest ?? lastId
      return publish([begun])
    }
  }

  return {
    live: (turnId) => live.get(turnId) ?? null,
    get place() {
      return { at: recent.at, line: line() }
    },
    isUnfinished: () => live.size > 0 || ending > 0 || looking > 0 || untidy.size > 0,
    refresh: () => turns.refresh(),
    async join(from, at, receive) {
      await ready.catch(() => look())
      const missed = at === null ? null : recent.since(at)
      if (missed !== null) {
        for (const change of missed) receive(change)
        receivers.add(receive)
        return () => void receivers.delete(receive)
      }
      for (;;) {
        const { render } = await read(from)
        // No `await` from here on: no change can fall between them.
        const first = render()
        if (first === null) continue
        receive({ at: recent.at, html: String(first), isWhole: true })
        break
      }
      receivers.add(receive)
      return () => void receivers.delete(receive)
    },
    close() {
      isClosed = true
      clearInterval(timer)
      listening.stop()
      turns.close()
    },
  }
}
