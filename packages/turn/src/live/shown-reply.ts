import { parseReply, type Reply } from '@turnstead/reply'
import { createReplyMirror, type ReplyMirror } from '@turnstead/reply/changes'
import type { RowId, TurnRecord } from '../ports.js'
import { conclusionOf } from './conclusion.js'
import type { LiveMessage, Position } from './messages.js'
import type { RunningReply } from './running-here.js'

/** What is shown of a turn, and up to where it is known: nothing older takes its place. */
export interface ShownReply {
  readonly mirror: ReplyMirror
  /** Up to where it is known; null while nothing is. */
  readonly position: Position | null
  /** What the row holds. */
  takeRow(record: TurnRecord, isEnd: boolean): void
  /** What a worker elsewhere tells; `ask-state` when something before it is missing. */
  takeMessage(message: LiveMessage): 'ask-state' | null
  /** Shows a reply of this process, until the result is called. */
  follow(running: RunningReply): () => void
}

export function createShownReply(turnId: RowId, onError: (error: unknown) => void): ShownReply {
  const mirror = createReplyMirror({
    name: `turn-${turnId}`,
    onObserverError: (error) => onError(error),
  })
  let position: Position | null = null
  let isFollowing = false

  const show = (reply: Reply, fence: number): void => {
    position = { fence, promptId: reply.promptId, revision: reply.revision }
    mirror.show(reply.view(), reply)
  }

  const isNews = (reply: Reply, fence: number): boolean => {
    if (position === null || fence > position.fence) return true
    if (fence < position.fence) return false
    return reply.promptId !== position.promptId || reply.revision > position.revision
  }

  const parse = (json: unknown): Reply | null => {
    if (json === null || json === undefined) return null
    try {
      return parseReply(json)
    } catch (error) {
      onError(error)
      return null
    }
  }

  return {
    mirror,
    get position() {
      return position
    },
    takeRow(record, isEnd) {
      const reply = parse(record.reply)
      if (isEnd) reply?.close()
      // A snapshot that was taken before the turn began again is of another prompt.
      const isOfPrompt = record.prompt === null || reply?.promptId === record.prompt.id
      const { fence = 0 } = record
      if (reply !== null && isOfPrompt && (isEnd || !isFollowing) && isNews(reply, fence)) {
        show(reply, fence)
      }
      if (isEnd) mirror.conclude(conclusionOf(record, mirror.view(), reply?.outcome() ?? null))
    },
    takeMessage(message) {
      if (message.type === 'began') return 'ask-state'
      if (message.type === 'state') {
        const reply = parse(message.reply)
        if (reply !== null && isNews(reply, message.fence)) show(reply, message.fence)
        return null
      }
      const { from, to, changes } = message
      if (position === null) return 'ask-state'
      if (from.fence < position.fence) return null
      const isSame = from.fence === position.fence && from.promptId === position.promptId
      if (isSame && to <= position.revision) return null
      if (!isSame || from.revision !== position.revision) return 'ask-state'
      position = { ...from, revision: to }
      mirror.fold(changes)
      return null
    },
    follow({ reply, fence }) {
      show(reply, fence)
      isFollowing = true
      const stop = reply.observe({ changed: (change) => mirror.fold([change]) })
      return () => {
        stop()
        isFollowing = false
        // What the row has may be older.
        position = { fence, promptId: reply.promptId, revision: reply.revision }
      }
    },
  }
}
