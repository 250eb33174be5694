import { asRowId } from '../values/asserts.js'
import type { UpkeepVerbs } from '../store/upkeep-verbs.js'
import { removeConversation } from './remove-conversation.js'
import type { RemoveContext } from './remove-conversation.js'
import { sweep } from './sweep.js'
import type { SweepContext } from './sweep.js'

/** @internal The verbs for what no turn does. */
export function upkeepVerbs(context: RemoveContext & SweepContext): UpkeepVerbs {
  return {
    removeConversation: async (conversationId, upstream) =>
      removeConversation(context, asRowId('conversationId', conversationId), upstream),
    sweep: (request = {}) => sweep(context, request),
  }
}
