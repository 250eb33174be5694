import type { Html } from '@turnstead/reply/turbo'
import type { Conversation, Message } from '../rows/models.js'
import type { ChatRows } from '../rows/rows.js'
import type { Heartbeat, Heartbeats } from './heartbeats.js'
import type { LiveTurn } from './live-turn.js'
import { isOpenTurn, mayChange, type TurnViews } from './turn-views.js'

/** The turns of a conversation that are not over, and those whose files may still come. */
export interface FollowedTurns {
  readonly live: ReadonlyMap<number, LiveTurn>
  /** Over, and since when. */
  readonly untidy: Map<number, number>
  /** Follows what is not over, and waits for the files of what is. */
  attend(messages: readonly Message[]): Promise<void>
  /** Forgets what was removed with its conversation: nothing more comes of that. */
  dropRemoved(): Promise<void>
  refresh(): void
  close(): void
}

export interface FollowedTurnsOptions {
  readonly conversation: Pick<Conversation, 'id' | 'folder'>
  readonly rows: Pick<ChatRows, 'findTurns' | 'firstOpenTurn'>
  readonly views: Pick<TurnViews, 'follow'>
  readonly heartbeats: Heartbeats
  readonly publish: (changes: readonly Html[]) => void
  /** A turn is over. */
  readonly onEnd: (turnId: number) => Promise<void>
  readonly report: (error: unknown) => void
}

/** So long after the end of a turn its files may come. */
const tidyMs = 60_000

export function createFollowedTurns(options: FollowedTurnsOptions): FollowedTurns {
  const { conversation, rows, views, heartbeats, publish, onEnd, report } = options
  const live = new Map<number, LiveTurn>()
  const untidy = new Map<number, number>()
  /** While something is not over. */
  let heartbeat: Heartbeat | null = null
  let isClosed = false

  const refresh = (): void => {
    for (const turn of live.values()) turn.refresh()
  }
  const signs = (): Heartbeat | null => heartbeat
  const leave = (turnId: number): void => {
    live.get(turnId)?.close()
    live.delete(turnId)
    if (live.size > 0) return
    heartbeat?.stop()
    heartbeat = null
  }

  async function follow({ id: turnId }: Message): Promise<void> {
    if (live.has(turnId)) return
    const isBehind = (): boolean => Math.min(...live.keys()) < turnId
    const opened = await views.follow(conversation, turnId, { publish, isBehind, heartbeat: signs })
    // It ended in the meantime.
    if (opened === null) return void untidy.set(turnId, Date.now())
    if (isClosed || live.has(turnId)) return opened.live.close()
    live.set(turnId, opened.live)
    heartbeat ??= heartbeats.watch(conversation.id, refresh)
    opened.ended.then(() => end(turnId)).catch(report)
  }

  async function end(turnId: number): Promise<void> {
    // Removed, or closed.
    if (!live.has(turnId)) return
    leave(turnId)
    refresh()
    untidy.set(turnId, Date.now())
    await onEnd(turnId)
  }

  return {
    live,
    untidy,
    refresh,
    async attend(messages) {
      for (const message of messages) {
        if (isOpenTurn(message) || !mayChange(message) || untidy.has(message.id)) continue
        untidy.set(message.id, message.turn_settled_at ?? Date.now())
      }
      await Promise.all(messages.filter(isOpenTurn).map(follow))
    },
    async dropRemoved() {
      const isOver = live.size > 0 && (await rows.firstOpenTurn(conversation.id)) === null
      const ids = [...untidy.keys(), ...(isOver ? live.keys() : [])]
      if (ids.length === 0) return
      const found = new Set((await rows.findTurns(ids)).map(({ id }) => id))
      for (const id of ids.filter((each) => !found.has(each))) {
        untidy.delete(id)
        leave(id)
      }
    },
    close() {
      isClosed = true
      for (const id of [...live.keys()]) leave(id)
    },
  }
}

/** Whether the files of a turn are all there, or will not come any more. */
export function isTidy(
  { id, turn_closed_at: closedAt }: Message,
  endedAt: ReadonlyMap<number, number>,
): boolean {
  return closedAt !== null || Date.now() - (endedAt.get(id) ?? 0) > tidyMs
}
