import type { Request } from 'express'

/** Whether a request comes from a page with scripts, which shows Turbo Stream elements where it stands. */
export function takesTurboStreams(request: Request): boolean {
  return request.accepts().includes('text/vnd.turbo-stream.html')
}
