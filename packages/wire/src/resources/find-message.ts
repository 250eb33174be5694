import { WireError } from '../errors.js'
import type { LooseCall, Requester } from '../http/request.js'

/** Whether the session has the message; also when the server cannot show it, or it is too large to be read. */
export async function findMessage(
  { fetchJson }: Requester,
  sessionID: string,
  messageID: string,
  call: LooseCall,
): Promise<boolean> {
  const params = { sessionID, messageID }
  try {
    await fetchJson('GET', '/session/{sessionID}/message/{messageID}', { ...call, params })
    return true
  } catch (error) {
    if (!WireError.is(error)) throw error
    switch (error.code) {
      case 'unreadable_entry':
      case 'response_too_large':
        return true
      case 'not_found':
      case 'session_not_found':
        return false
      default:
        throw error
    }
  }
}
