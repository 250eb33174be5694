import { type ChangeBody, parseReply, type Reply, type ReplyView } from '@turnstead/reply'
import { createReplyMirror, foldChange, type ReplyMirror } from '@turnstead/reply/changes'
import type { RowId, TurnRecord } from '../ports.js'
import { conclusionOf } from './conclusion.js'
import { keepShown } from './keep-shown.js'
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
  /** What was shown before the present worker, as long as that does not have all of it, beside what that worker has. */
  let behind: { readonly shown: ReplyView; readonly next: ReplyView } | null = null

  const show = (reply: Reply, fence: number, isEnd = false): void => {
    const { promptId, revision } = reply
    const isSame = position?.promptId === promptId
    const isOther = position !== null && position.fence !== fence
    const shown = isSame && isOther ? mirror.view() : isSame ? behind?.shown : undefined
    position = { fence, promptId, revision }
    showBeside(isEnd ? undefined : shown, reply.view(), reply)
  }

  const showBeside = (shown: ReplyView | undefined, next: ReplyView, from?: Reply): void => {
    const view = shown === undefined ? next : keepShown(shown, next)
    behind = shown === undefined || view === next ? null : { shown, next }
    mirror.show(view, from)
  }

  const fold = (changes: readonly ChangeBody[]): void => {
    if (behind === null) return mirror.fold(changes)
    const { shown, next } = behind
    showBeside(shown, changes.reduce(foldBody, next))
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
      // Of a cancelled turn that no one has put in order, the row may have less than was shown.
      const isLast = isEnd && (record.status !== 'cancelled' || record.closedAt !== null)
      const isFresh = (): boolean =>
        isLast || ((isEnd || !isFollowing) && reply !== null && isNews(reply, fence))
      if (reply !== null && isOfPrompt && isFresh()) show(reply, fence, isLast)
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
      fold(changes)
      return null
    },
    follow({ reply, fence }) {
      show(reply, fence)
      isFollowing = true
      const stop = reply.observe({ changed: (change) => fold([change]) })
      return () => {
        stop()
        isFollowing = false
        // What the row has may be older.
        position = { fence, promptId: reply.promptId, revision: reply.revision }
      }
    },
  }
}

function foldBody(view: ReplyView, change: ChangeBody): ReplyView {
  return foldChange(view, { ...change, revision: view.revision + 1 })
}
