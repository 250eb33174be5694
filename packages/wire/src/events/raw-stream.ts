import { startDeadline } from '../http/deadline.js'
import { WireError } from '../errors.js'
import type { Http, HttpCall } from '../http/http.js'
import type { Settings } from '../options.js'
import type { StreamWaits } from '../http/request.js'
import { download } from '../http/send.js'
import { createFrameDecoder } from './frame-decoder.js'

/**
 * One event stream as it comes: no reconnect, no readiness, as slow as its reader. It opens with the
 * first read; leaving the loop frees the socket; a clean end by the server ends the iteration.
 */
export async function* readRawEvents(
  http: Http,
  settings: Settings,
  call: HttpCall,
  { open, silenceMs }: StreamWaits,
): AsyncGenerator<unknown, void, undefined> {
  const events: unknown[] = []
  const decoder = createFrameDecoder({
    maxBytes: settings.limits.frameBytes,
    onData: (data) => events.push(parse(call, data)),
  })
  const { body } = await download(http, settings, call, open)
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  try {
    for (;;) {
      const cancelWatch = startDeadline(settings.clock, silenceMs, () =>
        body.destroy(silent(call, silenceMs)),
      )
      const { done, value } = await chunks.next().finally(cancelWatch)
      if (done === true) return
      decoder.feed(value)
      yield* events.splice(0)
    }
  } finally {
    body.destroy()
  }
}

function silent(call: HttpCall, ms: number): WireError {
  const message = `${call.label} is silent for ${ms} ms (\`timeouts.silenceMs\`)`
  return new WireError('timeout', message, { delivered: 'yes' })
}

function parse(call: HttpCall, data: string): unknown {
  try {
    return JSON.parse(data)
  } catch (cause) {
    throw new WireError('malformed_response', `${call.label} sent a frame that is not JSON`, {
      cause,
      delivered: 'yes',
    })
  }
}
