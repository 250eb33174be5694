import { WireError } from '../../errors.js'
import type { LooseCall, Requester } from '../../http/request.js'
import type { MessageWithParts } from '../../models.js'

/** What a session has under a message id: nothing, or something that may be more than can be shown. */
export type FoundMessage = MessageWithParts | 'unreadable' | null

/** The message; `unreadable` when the server cannot show it, or it is too large to be read. */
export async function findMessage(
  { fetchJson }: Requester,
  sessionID: string,
  messageID: string,
  call: LooseCall,
): Promise<FoundMessage> {
  const params = { sessionID, messageID }
  const path = '/session/{sessionID}/message/{messageID}'
  try {
    return (await fetchJson('GET', path, { ...call, params })).data as MessageWithParts
  } catch (error) {
    if (!WireError.is(error)) throw error
    switch (error.code) {
      case 'unreadable_entry':
      case 'response_too_large':
        return 'unreadable'
      case 'not_found':
      case 'session_not_found':
        return null
      default:
        throw error
    }
  }
}
