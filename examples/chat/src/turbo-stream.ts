import type { ServerResponse } from 'node:http'
import { html, type Html, type HtmlValue } from '@turnstead/reply/turbo'

/** https://turbo.hotwired.dev/reference/streams */
export type StreamAction =
  | 'append'
  | 'prepend'
  | 'replace'
  | 'update'
  | 'remove'
  | 'before'
  | 'after'

export const turboStreamType = 'text/vnd.turbo-stream.html'

/** One change of the page: what to do with the element of this id. */
export function turboStream(action: StreamAction, target: string, content: HtmlValue = null): Html {
  return html`<turbo-stream action="${action}" target="${target}"
    ><template>${content}</template></turbo-stream
  >`
}

/** The listening end of `<turbo-stream-source>`: Turbo Streams as server-sent events. */
export interface EventWriter {
  send(content: HtmlValue): void
  close(): void
}

export interface EventWriterOptions {
  /** A comment this often keeps proxies from closing a silent stream. Default 15,000 ms. */
  readonly heartbeatMs?: number
  /** A reader that leaves this much unread is dropped; its browser reconnects and catches up. Default 4 MiB. */
  readonly maxUnreadBytes?: number
}

export function startEventStream(
  response: ServerResponse,
  options: EventWriterOptions = {},
): EventWriter {
  const { heartbeatMs = 15_000, maxUnreadBytes = 4 * 1024 * 1024 } = options
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    connection: 'keep-alive',
  })
  response.write('retry: 1000\n\n')

  const write = (chunk: string): void => {
    if (response.writableEnded || response.destroyed) return
    response.write(chunk)
    if (response.writableLength > maxUnreadBytes) response.destroy()
  }
  const heartbeat = setInterval(() => write(': still here\n\n'), heartbeatMs)
  heartbeat.unref()
  response.on('close', () => clearInterval(heartbeat))

  return {
    send: (content) => write(eventFrame(html`${content}`.toString())),
    close() {
      clearInterval(heartbeat)
      response.end()
    },
  }
}

/** One event; every kind of line end that a parser knows starts a new `data:` line. */
export function eventFrame(data: string): string {
  const lines = data.split(/\r\n|\r|\n/)
  return lines.map((line) => `data: ${line}\n`).join('') + '\n'
}
