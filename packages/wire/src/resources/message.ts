import type { MessageWithParts, Part } from '../models.js'
import type { CallOptions } from '../operation-types.js'
import type { Requester } from '../http/request.js'

/** Which page of messages to read. */
export interface PageQuery {
  /** At most so many, newest page first. */
  limit: number
  /** `nextCursor` of the page before: continue with older messages. */
  before?: string | undefined
}

/** Some of a session's messages. */
export interface MessagePage {
  /** Oldest first. */
  readonly messages: MessageWithParts[]
  /** Where older messages continue; `null` when there are none. */
  readonly nextCursor: string | null
}

/** Single messages and pages of them; `session.messages` reads all. */
export interface MessageResource {
  /** A page, beginning with the newest. Fails with `bad_request` for a cursor that is none. */
  page(sessionId: string, query: PageQuery, options?: CallOptions): Promise<MessagePage>
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

export function createMessageResource({ request, fetchJson }: Requester): MessageResource {
  return {
    page: async (sessionID, query, options) => {
      const path = '/session/{sessionID}/message'
      const { data, headers } = await fetchJson('GET', path, {
        ...options,
        params: { sessionID },
        query: { ...query },
      })
      const cursor = headers['x-next-cursor']
      const nextCursor = typeof cursor === 'string' && cursor !== '' ? cursor : null
      return { messages: data as MessageWithParts[], nextCursor }
    },
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
