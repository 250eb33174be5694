/**
 * A resumable stream of a reply to browsers, as server-sent events of our own numbering.
 *
 * ```ts
 * const log = createChangeLog(reply)
 * app.get('/replies/:id', (request, response) => writeEventStream(log, request, response, { ended }))
 * ```
 *
 * A browser folds it with `foldChange`: `snapshot` events hold a view, `change` events a change, `end` is the last.
 */
import type { ChangeLog } from './server-sent-events/change-log.js'
import { eventFrames, hasSeenEnd } from './server-sent-events/event-frames.js'
import type { EventStreamOptions } from './server-sent-events/event-frames.js'
import { eventStreamHeaders, toByteStream, writeTexts } from './streaming/text-stream.js'
import type { ServerResponseLike } from './streaming/text-stream.js'

export { createChangeLog } from './server-sent-events/change-log.js'
export type { ChangeLog, ChangeLogOptions, LoggedChange } from './server-sent-events/change-log.js'
export { openEventStream } from './server-sent-events/event-writer.js'
export type {
  DroppableResponse,
  EventWriter,
  EventWriterOptions,
} from './server-sent-events/event-writer.js'
export { eventFrames } from './server-sent-events/event-frames.js'
export type { EventStreamOptions } from './server-sent-events/event-frames.js'
export type { ServerResponseLike } from './streaming/text-stream.js'

/** What is used of Node's `IncomingMessage`. */
export interface IncomingMessageLike {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/**
 * Streams a reply to a Node response, from where the browser is. Resolves when the turn ended or the browser left.
 *
 * A browser that has seen the end is answered 204, which tells it not to come again.
 */
export async function writeEventStream(
  log: ChangeLog,
  request: IncomingMessageLike,
  response: ServerResponseLike,
  options: EventStreamOptions,
): Promise<void> {
  const header = request.headers['last-event-id']
  const lastEventId = typeof header === 'string' ? header : null
  if (hasSeenEnd(log, lastEventId)) {
    response.writeHead(204, {})
    response.end()
    return
  }
  await writeTexts(eventFrames(log, lastEventId, options), response, eventStreamHeaders)
}

/** The same for a Web request. The stream also ends when the request is aborted. */
export function toEventResponse(
  log: ChangeLog,
  request: Request,
  options: EventStreamOptions,
): Response {
  const lastEventId = request.headers.get('last-event-id')
  if (hasSeenEnd(log, lastEventId)) return new Response(null, { status: 204 })
  if (request.method === 'HEAD') return new Response(null, { headers: eventStreamHeaders })
  const signals = [request.signal, ...(options.signal ? [options.signal] : [])]
  const frames = eventFrames(log, lastEventId, { ...options, signal: AbortSignal.any(signals) })
  return new Response(toByteStream(frames), { headers: eventStreamHeaders })
}
export type { PathOptions } from './changes/relative-paths.js'
