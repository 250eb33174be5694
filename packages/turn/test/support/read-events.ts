/** A server-sent event. */
export interface ReadEvent {
  readonly id: string
  readonly event: string
  readonly data: string
}

/** The events of a response, in the order in which they come. */
export async function* readEvents(response: Response): AsyncGenerator<ReadEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true })
    const frames = rest.split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      const lines = frame.split('\n').map((line) => /^(\w*): ?(.*)$/.exec(line) ?? [])
      const fields = Object.fromEntries(lines.map(([, name = '', value = '']) => [name, value]))
      const { id = '', event = '', data } = fields
      if (data !== undefined) yield { id, event, data }
    }
  }
}
