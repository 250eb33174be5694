import { html, turboStream, type Html } from '@turnstead/reply/turbo'
import type { Conversation, Message } from '../rows/models.js'
import type { ChatRows } from '../rows/rows.js'
import { composerAction } from '../views/composer.js'
import { replacedChanges, turnArticle } from '../views/turn.js'
import type { LiveTurn } from './live-turn.js'
import { isOpenTurn, type TurnViews } from './turn-views.js'

/** Where the turns of a conversation are read, and how they are shown. */
export interface TurnReading {
  readonly conversation: Pick<Conversation, 'id' | 'user_id' | 'folder'>
  readonly rows: Pick<ChatRows, 'turnsFrom' | 'firstOpenTurn' | 'replaced'>
  readonly views: Pick<TurnViews, 'load'>
}

/** How the turns of a conversation are followed. */
export interface Following {
  readonly follow: (turn: Message) => Promise<void>
  readonly liveOf: (turnId: number) => LiveTurn | null
  /** Is another one when a turn has begun since, or an end was told. */
  readonly line: () => string
}

/**
 * All that may have changed from a turn on, as it is at the moment in which the result is called; null when it has to be read
 * again, since those who were here were told of an end that what was read does not have.
 */
export async function readFrom(
  from: number,
  reading: TurnReading,
  { follow, liveOf, line }: Following,
): Promise<() => string | null> {
  const { conversation, rows, views } = reading
  const messages = await rows.turnsFrom(conversation.id, from)
  await Promise.all(messages.filter(isOpenTurn).map(follow))
  const before = line()
  const render = await views.load(conversation, messages, liveOf)
  const open = await rows.firstOpenTurn(conversation.id)
  const replaced = await replacedChangesBy(messages, reading)
  return () => {
    if (line() !== before) return null
    const turns = render().map((turn) => turboStream('append', 'turns', turnArticle(turn)))
    const action = turboStream('replace', 'composer-action', composerAction(open))
    return String(html`${replaced} ${turns} ${action}`)
  }
}

/** Folds what turns have taken the place of. */
export async function replacedChangesBy(
  turns: readonly Message[],
  { conversation, rows, views }: TurnReading,
): Promise<readonly Html[]> {
  const replaced = await rows.replaced.by(turns.map(({ id }) => id))
  return replacedChanges((await views.load(conversation, replaced, () => null))())
}
