import type { Feed } from './feed.js'
import type { Message } from '../rows/models.js'
import type { ChatRows } from '../rows/rows.js'
import { turboStream } from '@turnstead/reply/turbo'
import type { TurnViews } from './turn-views.js'
import { composerAction } from '../views/composer.js'
import {
  fileList,
  filesElementId,
  standingElementId,
  standingLine,
  turnArticle,
  turnElementId,
} from '../views/turn.js'

/** Shows on every open page that a turn begins or ends; what happens between is the live turn's. */
export interface TurnNotices {
  begin(message: Message): Promise<void>
  /** @param isShown - The page followed the turn; else all of it is shown again. */
  end(turnId: number, options: { readonly isShown: boolean }): Promise<void>
}

export interface TurnNoticesOptions {
  readonly rows: ChatRows
  readonly views: TurnViews
  readonly feed: Feed
}

export function createTurnNotices({ rows, views, feed }: TurnNoticesOptions): TurnNotices {
  return {
    async begin(message) {
      const render = await views.load([message])
      const open = await rows.firstOpenTurn(message.conversationId)
      feed.publish(message.conversationId, [
        ...render().map((turn) => turboStream('append', 'turns', turnArticle(turn))),
        turboStream('replace', 'composer-action', composerAction(open)),
      ])
    },
    async end(turnId, { isShown }) {
      const message = await rows.findMessage(turnId)
      if (message === null) return
      const [turn] = (await views.load([message]))()
      if (turn === undefined) return
      const open = await rows.firstOpenTurn(message.conversationId)
      const changes = isShown
        ? [
            turboStream('replace', filesElementId(turn.id), fileList(turn.id, turn.files)),
            turboStream('update', standingElementId(turn.id), standingLine(turn.standing)),
          ]
        : [turboStream('replace', turnElementId(turn.id), turnArticle(turn))]
      feed.publish(message.conversationId, [
        ...changes,
        turboStream('replace', 'composer-action', composerAction(open)),
      ])
    },
  }
}
