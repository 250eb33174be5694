import type { FrameMatch, StreamFault } from './faults.js'

/** What is to be done with a stream, in order. */
export type StreamAction =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  | { readonly kind: 'close'; readonly how: 'end' | 'reset' }

/** Turns frames into bytes, with everything that is to go wrong. Pure: it knows no socket. */
export interface FrameEncoder {
  /** Whether heartbeats are sent. */
  readonly hasHeartbeat: boolean
  /** Whether `server.connected` is said. */
  readonly saysConnected: boolean
  /** Bytes for the next frame. */
  encode(type: string, json: string): readonly StreamAction[]
}

/** Makes a {@link FrameEncoder}; without faults it writes each frame as the server does. */
export function createFrameEncoder(faults: readonly StreamFault[]): FrameEncoder {
  const left = new Map(faults.map((each) => [each, 'times' in each ? each.times : 1]))
  const size = faults.find((each) => each.kind === 'split')?.bytes
  const ending = faults.find((each) => each.kind === 'lines')?.ending ?? '\n'
  const limit = faults.find((each) => each.kind === 'cut-bytes')
  const hasComments = faults.some((each) => each.kind === 'comments')
  let needsBom = faults.some((each) => each.kind === 'bom')
  let held = ''
  let index = -1
  let sent = 0
  let isSilent = false
  let isClosed = false

  const uses = (kind: StreamFault['kind'], type: string): StreamFault | undefined => {
    const found = faults.find(
      (each) =>
        each.kind === kind &&
        (left.get(each) ?? 0) > 0 &&
        'at' in each &&
        isAt(each.at, index, type),
    )
    if (found) left.set(found, (left.get(found) ?? 1) - 1)
    return found
  }

  const toActions = (text: string): readonly StreamAction[] => {
    const marked = needsBom ? `\u{FEFF}${text}` : text
    needsBom = false
    let bytes = new TextEncoder().encode(ending === '\n' ? marked : marked.replaceAll('\n', ending))
    const actions: StreamAction[] = []
    const isOver = limit !== undefined && sent + bytes.length >= limit.afterBytes
    if (isOver) bytes = bytes.slice(0, limit.afterBytes - sent)
    sent += bytes.length
    for (let start = 0; start < bytes.length; start += size ?? bytes.length) {
      actions.push({ kind: 'write', bytes: bytes.slice(start, start + (size ?? bytes.length)) })
    }
    if (isOver) {
      isClosed = true
      actions.push({ kind: 'close', how: limit.how })
    }
    return actions
  }

  return {
    hasHeartbeat: !faults.some((each) => each.kind === 'no-heartbeat'),
    saysConnected: !faults.some((each) => each.kind === 'never-connected'),
    encode(type, json) {
      if (isClosed) return []
      index += 1
      if (uses('silence', type)) isSilent = true
      if (isSilent) return []
      const cut = uses('cut', type)
      if (cut?.kind === 'cut') {
        isClosed = true
        return [{ kind: 'close', how: cut.how }]
      }
      const insert = uses('insert', type)
      const before =
        (insert?.kind === 'insert' ? insert.bytes : '') + (hasComments ? ': comment\n' : '')
      const frame = `${before}data: ${json}\n\n`
      if (uses('drop', type)) return []
      if (uses('reorder', type)) {
        held += frame
        return []
      }
      const twice = uses('duplicate', type) ? frame : ''
      const text = frame + twice + held
      held = ''
      return toActions(text)
    },
  }
}

function isAt(at: FrameMatch, index: number, type: string): boolean {
  if (typeof at === 'number') return at === index
  if (typeof at === 'string') return at === type
  return at({ index, type })
}
