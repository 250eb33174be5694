import { randomUUID } from 'node:crypto'
import { html, turboStream, type Html } from '@turnstead/reply/turbo'
import type { Conversation, Message } from '../rows/models.js'
import type { ChatRows } from '../rows/rows.js'
import { composerAction } from '../views/composer.js'
import { turnArticle } from '../views/turn.js'
import { createRecentChanges, type FeedChange } from './recent-changes.js'
import type { Heartbeat, Heartbeats } from './heartbeats.js'
import type { LiveTurn } from './live-turn.js'
import type { Listening, News } from './news.js'
import { readFrom, replacedChangesBy } from './read-from.js'
import { endOfTurn } from './turn-end.js'
import { isOpenTurn, type TurnViews } from './turn-views.js'

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
  /** A turn is followed, or its end, or its files, are still to be shown. */
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
/** So long after the end of a turn its files may come. */
const tidyMs = 60_000

export function createConversationFeed(options: ConversationFeedOptions): ConversationFeed {
  const { conversation, rows, news, views, heartbeats, onError } = options
  const { id: conversationId } = conversation
  const live = new Map<number, LiveTurn>()
  /** Over, but their files may still come. */
  const untidy = new Map<number, number>()
  const receivers = new Set<(change: FeedChange) => void>()
  const name = randomUUID().slice(0, 8)
  const recent = createRecentChanges(name)
  /** While something is not over. */
  let heartbeat: Heartbeat | null = null
  let lastId = 0
  let ending = 0
  let endsTold = 0
  let isClosed = false

  const publish = (changes: readonly Html[]): void => {
    if (changes.length === 0 || isClosed) return
    const change = recent.add(String(html`${changes}`))
    for (const receive of [...receivers]) receive(change)
  }
  const report = (error: unknown): void => onError(error, `conversation ${conversationId}, live`)

  const refresh = (): void => {
    for (const turn of live.values()) turn.refresh()
  }
  const signs = (): Heartbeat | null => heartbeat
  const listenNoMore = (): void => {
    heartbeat?.stop()
    heartbeat = null
  }

  async function follow({ id: turnId }: Message): Promise<void> {
    if (live.has(turnId)) return
    const isBehind = (): boolean => Math.min(...live.keys()) < turnId
    const opened = await views.follow(conversation, turnId, { publish, isBehind, heartbeat: signs })
    if (opened === null) return
    if (isClosed || live.has(turnId)) return opened.live.close()
    live.set(turnId, opened.live)
    heartbeat ??= heartbeats.watch(conversationId, refresh)
    opened.ended.then(() => end(turnId)).catch(report)
  }

  async function end(turnId: number): Promise<void> {
    live.get(turnId)?.close()
    live.delete(turnId)
    if (live.size === 0) listenNoMore()
    if (isClosed) return
    refresh()
    untidy.set(turnId, Date.now())
    ending += 1
    await showEnd([turnId]).finally(() => (ending -= 1))
  }

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
    const begun = isFirst
      ? (await rows.latestTurns(conversationId)).turns
      : await rows.turnsFrom(conversationId, lastId + 1)
    lastId = begun.at(-1)?.id ?? lastId
    await Promise.all(begun.filter(isOpenTurn).map(follow))
    const late = await rows.findTurns([...untidy.keys()])
    const tidy = late.filter((message) => isTidy(message, untidy))
    if (tidy.length > 0) await showEnd(tidy.map(({ id }) => id))
    if (begun.length === 0 || isFirst) return
    const render = await views.load(conversation, begun, (id) => live.get(id) ?? null)
    const open = await rows.firstOpenTurn(conversationId)
    publish([
      ...(await replacedChangesBy(begun, options)),
      ...render().map((turn) => turboStream('append', 'turns', turnArticle(turn))),
      turboStream('replace', 'composer-action', composerAction(open)),
    ])
  })
  const lookNow = (): void => void look().catch(report)

  const listening: Listening = news.listen(conversation.user_id, (changed) => {
    if (changed === null || changed === conversationId) lookNow()
  })
  const timer = setInterval(lookNow, lookMs)
  const ready = listening.ready.then(async () => await look())
  ready.catch(() => undefined)

  const line = (): string => `${name}:${lastId}:${endsTold}:${[...live.keys()].join()}`

  return {
    live: (turnId) => live.get(turnId) ?? null,
    get place() {
      return { at: recent.at, line: line() }
    },
    isUnfinished: () => live.size > 0 || ending > 0 || untidy.size > 0,
    refresh,
    async join(from, at, receive) {
      await ready.catch(() => look())
      const missed = at === null ? null : recent.since(at)
      if (missed !== null) {
        for (const change of missed) receive(change)
        receivers.add(receive)
        return () => void receivers.delete(receive)
      }
      const following = { follow, liveOf: (id: number) => live.get(id) ?? null, line }
      let first: string | null = null
      // No `await` between what is rendered and what is received from then on: no change can fall between them.
      while (first === null) first = (await readFrom(from, options, following))()
      receive({ at: recent.at, html: first, isWhole: true })
      receivers.add(receive)
      return () => void receivers.delete(receive)
    },
    close() {
      isClosed = true
      clearInterval(timer)
      listening.stop()
      listenNoMore()
      for (const turn of live.values()) turn.close()
      live.clear()
    },
  }
}

/** Whether the files of a turn are all there, or will not come any more. */
function isTidy(
  { id, turn_closed_at: closedAt }: Message,
  endedAt: ReadonlyMap<number, number>,
): boolean {
  return closedAt !== null || Date.now() - (endedAt.get(id) ?? 0) > tidyMs
}

/** Asked again while it works, it works once more afterwards. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let working: Promise<void> | null = null
  let next: Promise<void> | null = null
  const run = (): Promise<void> => {
    working = work().finally(() => (working = null))
    return working
  }
  return () => {
    if (working === null) return run()
    next ??= working
      .catch(() => undefined)
      .then(() => {
        next = null
        return run()
      })
    return next
  }
}
