export const sessionId = 'ses_e073ffffffff00000000000000'
export const promptId = 'msg_1f8c0000000300000000000000'
export const messageId = 'msg_1f8c0000000500000000000000'

const clock = 0x1f8c_1000_0000

/** A server event with a rising id, as text. */
function eventText(index: number, type: string, properties: Record<string, unknown>): string {
  const id = `evt_${(clock + index).toString(16).padStart(12, '0')}S1iwZWGyUJ8KpA`
  return JSON.stringify({ id, type, properties: { sessionID: sessionId, ...properties } })
}

/** The id of the n-th part. */
function partId(index: number): string {
  return `prt_${(clock + index).toString(16).padStart(12, '0')}lWEtsDAmP0WU6G`
}

/** The event that begins the answer, and one for each of its parts. */
export function opening(parts: number): string[] {
  const info = {
    id: messageId,
    sessionID: sessionId,
    role: 'assistant',
    parentID: promptId,
    time: { created: 1 },
  }
  const texts = [eventText(0, 'message.updated', { info })]
  for (let index = 0; index < parts; index += 1) {
    const part = {
      id: partId(index),
      messageID: messageId,
      sessionID: sessionId,
      type: 'text',
      text: '',
      time: { start: 1 },
    }
    texts.push(eventText(index + 1, 'message.part.updated', { part, time: 1 }))
  }
  return texts
}

/** The n-th piece of the last part's text: 20 characters. */
export function delta(parts: number, index: number): string {
  return eventText(parts + 1 + index, 'message.part.delta', {
    messageID: messageId,
    partID: partId(parts - 1),
    field: 'text',
    delta: `the next ${String(index).padStart(8, '0')} of`,
  })
}

/** Many pieces. */
export function deltas(parts: number, from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => delta(parts, from + index))
}
