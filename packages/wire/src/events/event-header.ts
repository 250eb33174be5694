/** What a frame says about itself at its beginning. */
export interface EventHeader {
  readonly type: string
  readonly sessionId: string
}

/**
 * The server writes the envelope first and, for nearly every event of a session, the session's id
 * first in it. No quote inside a JSON string is bare, so this prefix cannot come from content.
 */
const prefix =
  /^\{"id":"[^"\\]{0,64}","type":"([^"\\]{1,64})","properties":\{"sessionID":"([^"\\]{1,64})"/

/** Reads type and session from the beginning of a frame, without parsing it; `null` where that cannot be told. */
export function readEventHeader(data: string): EventHeader | null {
  const match = prefix.exec(data)
  if (match === null) return null
  return { type: match[1] ?? '', sessionId: match[2] ?? '' }
}

/** Whether an unparsed frame may tell of a sub-agent's session. */
export function mayAnnounceChild(header: EventHeader, data: string): boolean {
  const announces = header.type === 'session.created' || header.type === 'session.updated'
  return announces && data.includes('"parentID":"')
}
