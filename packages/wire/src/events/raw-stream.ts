import { WireError } from '../errors.js'
import type { Http, HttpCall } from '../http.js'
import type { Settings } from '../options.js'
import { download } from '../send.js'
import { createFrameDecoder } from './frame-decoder.js'

/**
 * One event stream as it comes: no reconnect, no readiness, as slow as its reader. It opens with the
 * first read; leaving the loop frees the socket; a clean end by the server ends the iteration.
 */
export async function* readRawEvents(
  http: Http,
  settings: Settings,
  call: HttpCall,
): AsyncGenerator<unknown, void, undefined> {
  const events: unknown[] = []
  const decoder = createFrameDecoder({
    maxBytes: settings.limits.frameBytes,
    onData: (data) => events.push(parse(call, data)),
  })
  const { body } = await download(http, settings, call, { ms: 0, name: '' })
  for await (const chunk of body as AsyncIterable<Buffer>) {
    decoder.feed(chunk)
    yield* events.splice(0)
  }
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
