import { html } from '@turnstead/reply/turbo'
import type { ChatRows } from '../rows/rows.js'
import { dayCostChange, itemChanges, itemRemoval } from '../views/conversation-list.js'
import { startOfDay } from './frame.js'

/** A page whose stream was closed for longer is brought up to date by its next visit. */
const listedMs = 3_600_000

/** Brings the lists of open pages to where a conversation of a user stands now; null: to all that changed lately. */
export function createListChanges(
  rows: Pick<ChatRows, 'of'>,
): (userId: string, conversationId: number | null) => Promise<string> {
  return async (userId, conversationId) => {
    const { list } = rows.of(userId)
    const now = Date.now()
    if (conversationId === null) {
      const changed = await list.changedSince(now - listedMs)
      return String(html`${changed.map((each) => itemChanges(each, now))}`)
    }
    const item = await list.find(conversationId)
    if (item === null) return String(itemRemoval(conversationId))
    const cost = dayCostChange(await list.costSince(startOfDay(now)))
    return String(html`${itemChanges(item, now)} ${cost}`)
  }
}
