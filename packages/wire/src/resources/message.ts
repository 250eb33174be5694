import type { MessageWithParts, Part } from '../models.js'
import type { CallOptions } from '../operation-types.js'
import type { Requester } from '../http/request.js'
import { findMessage } from './messages/find-message.js'
import type { MessagePage, PageQuery } from './messages/message-page.js'
import { readNewest, type NewestMessages, type NewestQuery } from './messages/newest-messages.js'

/** Single messages and pages of them; `session.messages` reads all. */
export interface MessageResource {
  /**
   * A page, beginning with the newest. Fails with `bad_request` for a cursor that is none, and with `unreadable_entry`
   * or `response_too_large` because of one message in it: {@link MessageResource.newest} reads around that.
   */
  page(sessionId: string, query: PageQuery, options?: CallOptions): Promise<MessagePage>
  /**
   * The newest messages, and how far back they could be read. After a prompt with a `format` the server answers 400 for
   * every list that reaches the beginning of the session, forever. This call reads around that page by page; only if the
   * very first message is such a prompt, it is left out.
   */
  newest(sessionId: string, query: NewestQuery, options?: CallOptions): Promise<NewestMessages>
  /** Whether the session has a message, also one that the server cannot show; false also when there is no such session. */
  exists(sessionId: string, messageId: string, options?: CallOptions): Promise<boolean>
  /** Deletes one; true also when there was none. Fails with `conflict` while the session is busy. */
  delete(sessionId: string, messageId: string, options?: CallOptions): Promise<boolean>
  /** Replaces a part; its ids must be those of the part. */
  updatePart(sessionId: string, messageId: string, part: Part, options?: CallOptions): Promise<Part>
  /** Deletes a part; true also when there was none. */
  deletePart(
    sessionId: string,
    messageId: string,
    partId: string,
    options?: CallOptions,
  ): Promise<boolean>
}

export function createMessageResource(requester: Requester): MessageResource {
  const { request, fetchJson } = requester
  const page: MessageResource['page'] = async (sessionID, query, options) => {
    const path = '/session/{sessionID}/message'
    const { data, headers } = await fetchJson('GET', path, {
      ...options,
      params: { sessionID },
      query: { ...query },
    })
    const cursor = headers['x-next-cursor']
    const nextCursor = typeof cursor === 'string' && cursor !== '' ? cursor : null
    return { messages: data as MessageWithParts[], nextCursor }
  }
  return {
    page,
    newest: (sessionId, query, options) =>
      readNewest((part) => page(sessionId, part, options), query),
    exists: async (sessionId, messageId, options) =>
      (await findMessage(requester, sessionId, messageId, { ...options })) !== null,
    delete: (sessionID, messageID, options) =>
      request('DELETE', '/session/{sessionID}/message/{messageID}', {
        ...options,
        params: { sessionID, messageID },
      }),
    updatePart: (sessionID, messageID, part, options) =>
      request('PATCH', '/session/{sessionID}/message/{messageID}/part/{partID}', {
        ...options,
        params: { sessionID, messageID, partID: part.id },
        body: part,
      }),
    deletePart: (sessionID, messageID, partID, options) =>
      request('DELETE', '/session/{sessionID}/message/{messageID}/part/{partID}', {
        ...options,
        params: { sessionID, messageID, partID },
      }),
  }
}
