const propertiesKey = Buffer.from('"properties":{')
const sessionKey = Buffer.from('"sessionID":"')
const quote = 34
/** `ses_` and 26 characters; ids of another length are searched for. */
const usualIdLength = 30
/** Id, type and the key of the properties fit in here. */
const maxHeadBytes = 256

/**
 * Reads the session of an event from the bytes of its frame; `null` where they do not tell it.
 *
 * The server writes the envelope first (`{"id":…,"type":…,"properties":{`) and, for nearly every event
 * of a session, the session's id first in it. No quote inside a JSON string is bare, so the first
 * `"properties":{` of a frame is the envelope's own and never content.
 */
export function readSessionId(bytes: Buffer, start: number, end: number): string | null {
  const key = bytes.indexOf(propertiesKey, start)
  if (key === -1 || key - start > maxHeadBytes) return null
  const from = key + propertiesKey.length + sessionKey.length
  const usualEnd = from + usualIdLength
  if (usualEnd >= end || !matches(bytes, key + propertiesKey.length, sessionKey)) return null
  const to = bytes[usualEnd] === quote ? usualEnd : bytes.indexOf(quote, from)
  const id = bytes.toString('latin1', from, Math.min(to, end))
  return /^[\w-]+$/.test(id) ? id : null
}

/** Whether a frame may tell of a sub-agent's session. */
export function mayAnnounceChild(bytes: Buffer, start: number, end: number): boolean {
  const head = bytes.toString('latin1', start, Math.min(start + maxHeadBytes, end))
  if (!/"type":"session\.(created|updated)"/.test(head)) return false
  return bytes.toString('latin1', start, end).includes('"parentID":"')
}

function matches(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index += 1) {
    if (bytes[at + index] !== expected[index]) return false
  }
  return true
}
