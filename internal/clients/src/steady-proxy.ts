import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'

/** A server behind a proxy that changes no byte, and takes chance out of the order of things. */
export interface SteadyProxy {
  readonly url: string
  close(): Promise<void>
}

const prompts = /^POST \/session\/[^/]+\/(message|prompt_async|command)(\?|$)/u

/**
 * Some clients prompt while their event stream is still being opened, and lose the answer when it comes sooner; and
 * `opencode run --attach` ends when its prompt is answered, whether it has printed what the stream brought or not. Both
 * happen on the real server as well. Here a prompt waits until the stream is open, and with `untilRead` its answer waits
 * until the client has closed the stream, as it does after the end of the turn: what it shows is then no chance.
 */
export async function startSteadyProxy(
  url: string,
  options: { readonly untilRead?: boolean } = {},
): Promise<SteadyProxy> {
  const target = new URL(url)
  const opened = signal()
  const read = signal()

  const forward = (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    isPrompt: boolean,
  ): void => {
    const { method, url: path, headers } = incoming
    const { hostname: host, port } = target
    const forwarded = request({ host, port, method, path, headers }, (answer) => {
      const pass = (): void => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        outgoing.flushHeaders()
        answer.pipe(outgoing)
      }
      answer.on('error', () => outgoing.destroy())
      if (answer.headers['content-type']?.includes('text/event-stream') === true) {
        answer.once('data', () => setImmediate(opened.set))
        outgoing.once('close', read.set)
      }
      if (!isPrompt || options.untilRead !== true) return pass()
      // A turn that could not begin has no end on the stream.
      const limit = setTimeout(read.set, 4_000)
      void read.done.then(() => {
        clearTimeout(limit)
        pass()
      })
    })
    forwarded.on('error', () => outgoing.destroy())
    outgoing.on('close', () => forwarded.destroy())
    incoming.pipe(forwarded)
  }

  const proxy = createServer((incoming, outgoing) => {
    const isPrompt = prompts.test(`${incoming.method} ${incoming.url}`)
    if (isPrompt) void opened.done.then(() => forward(incoming, outgoing, true))
    else forward(incoming, outgoing, false)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    async close() {
      const closed = new Promise((resolve) => proxy.close(resolve))
      proxy.closeAllConnections()
      await closed
    },
  }
}

function signal(): { readonly done: Promise<void>; readonly set: () => void } {
  let set: () => void = () => {}
  const done = new Promise<void>((resolve) => (set = resolve))
  return { done, set }
}
