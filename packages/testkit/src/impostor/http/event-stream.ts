import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { StreamFault } from '../../faults/faults.js'
import { createFrameEncoder } from '../../faults/frame-faults.js'
import type { Listener, PublishedEvent } from '../state/bus.js'
import type { World } from '../state/world.js'
import { realTime } from '../../real-time.js'

/** Switches that a test can turn while streams are open. */
export interface StreamControl {
  /** Nothing is sent while this is true. */
  readonly isSilent: () => boolean
}

const headers = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}

/** Sends events to a client until it goes away, or until the server or a fault ends the stream. */
export function streamEvents(
  world: World,
  response: ServerResponse,
  directory: string | null,
  options: {
    readonly faults: readonly StreamFault[]
    readonly control: StreamControl
    readonly heartbeatMs: number
    /** Headers that every answer to this request has. */
    readonly headers: Readonly<Record<string, string>>
  },
): void {
  const encoder = createFrameEncoder(options.faults)
  const closed = new AbortController()
  const { socket } = response
  response.writeHead(200, { ...headers, ...options.headers })
  response.flushHeaders()

  const listener: Listener = {
    directory,
    send(type, json) {
      if (options.control.isSilent() || response.destroyed || response.writableEnded) return
      for (const action of encoder.encode(type, json)) {
        if (action.kind === 'write') response.write(action.bytes)
        else closeStream(response, socket, action.how)
      }
    },
    end: () => void response.end(),
  }
  const forget = world.bus.listen(listener)
  response.once('close', () => {
    closed.abort()
    forget()
  })
  const own = (type: string): void => {
    const event: PublishedEvent = {
      id: world.identity.eventId(type),
      type,
      directory: null,
      properties: {},
    }
    listener.send(type, world.bus.frame(listener, event))
  }
  if (encoder.saysConnected) own('server.connected')
  if (encoder.hasHeartbeat)
    void beat(world, options.heartbeatMs, closed.signal, () => own('server.heartbeat'))
}

async function beat(
  world: World,
  everyMs: number,
  signal: AbortSignal,
  send: () => void,
): Promise<void> {
  try {
    for (;;) {
      await world.clock.sleep(everyMs, { signal })
      send()
    }
  } catch {
    // The stream is closed.
  }
}

function closeStream(response: ServerResponse, socket: Socket | null, how: 'end' | 'reset'): void {
  if (how === 'end') response.end()
  // What was written before is to arrive, so the reset waits for the next turn of the loop.
  else realTime.setImmediate(() => socket?.resetAndDestroy())
}
