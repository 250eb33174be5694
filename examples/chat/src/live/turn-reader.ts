import { html, turboStream, type Html } from '@turnstead/reply/turbo'
import type { Conversation } from '../rows/models.js'
import type { ChatRows } from '../rows/rows.js'
import { composerAction } from '../views/composer.js'
import { replacedChanges, turnArticle } from '../views/turn.js'
import type { FollowedTurns } from './followed-turns.js'
import type { TurnViews } from './turn-views.js'

export interface TurnReaderOptions {
  readonly conversation: Pick<Conversation, 'id' | 'folder'>
  readonly rows: Pick<ChatRows, 'turnsFrom' | 'firstOpenTurn' | 'replaced'>
  readonly views: Pick<TurnViews, 'load'>
  readonly turns: Pick<FollowedTurns, 'attend' | 'live'>
  /** Is another one when a turn has begun since, or an end was told. */
  readonly line: () => string
}

/** All that may have changed from a turn on. */
export interface ReadTurns {
  /** The last of these turns; null when there are none. */
  readonly newest: number | null
  /** As it is at this moment; null when it has to be read again. */
  readonly render: () => Html | null
}

/** Reads turns for a page that does not have them, and follows what is not over. */
export function createTurnReader(
  options: TurnReaderOptions,
): (firstId: number) => Promise<ReadTurns> {
  const { conversation, rows, views, turns, line } = options

  /** Folds what turns have taken the place of. */
  async function replacedBy(ids: readonly number[]): Promise<readonly Html[]> {
    const replaced = await rows.replaced.by(ids)
    return replacedChanges((await views.load(conversation, replaced, () => null))())
  }

  return async (firstId) => {
    const messages = await rows.turnsFrom(conversation.id, firstId)
    await turns.attend(messages)
    const before = line()
    const render = await views.load(conversation, messages, (id) => turns.live.get(id) ?? null)
    const open = await rows.firstOpenTurn(conversation.id)
    const replaced = await replacedBy(messages.map(({ id }) => id))
    return {
      newest: messages.at(-1)?.id ?? null,
      render() {
        // Who was here has been told of an end by now; what was read before it does not have that.
        if (line() !== before) return null
        const articles = render().map((turn) => turboStream('append', 'turns', turnArticle(turn)))
        const action = turboStream('replace', 'composer-action', composerAction(open))
        return html`${replaced} ${articles} ${action}`
      },
    }
  }
}
